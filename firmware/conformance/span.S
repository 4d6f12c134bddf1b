/* Spans that C code asks for: the core sleeps meanwhile, so that it is not on the bus. Interrupts wake it and are not taken. */
#include "row.inc"

/** uint32_t span_to_interrupt(volatile uint32_t *trigger, uint32_t value): from a store to the next enabled interrupt. */
  .global span_to_interrupt
  begin_function span_to_interrupt
  push {r4-r7, lr}
  ldr r7, =SYST_CVR
  ldr r6, [r7]
  str r1, [r0]
  wfi
  ldr r5, [r7]
  subs r0, r6, r5
  lsls r0, r0, #8
  lsrs r0, r0, #8
  pop {r4-r7, pc}
  end_function

/**
 * uint32_t span_between_interrupts(volatile uint32_t *acknowledge, uint32_t value, uint32_t irqs): between the next two interrupts; the
 * first is acknowledged by a load and a store.
 */
  .global span_between_interrupts
  begin_function span_between_interrupts
  push {r4-r7, lr}
  ldr r7, =SYST_CVR
  ldr r4, =NVIC_ICPR
  wfi
  ldr r6, [r7]
  ldr r3, [r0]
  str r1, [r0]
  dsb
  str r2, [r4]
  wfi
  ldr r5, [r7]
  subs r0, r6, r5
  lsls r0, r0, #8
  lsrs r0, r0, #8
  pop {r4-r7, pc}
  end_function

/** uint32_t divide_waiting_<n>(uint32_t dividend, uint32_t divisor): the quotient, read n cycles after the divisor was stored. */
.macro divide_waiting n
  .global divide_waiting_\n
  begin_function divide_waiting_\n
  ldr r3, =SIO + 0x60
  str r0, [r3]
  str r1, [r3, #4]
  .rept \n
  nop
  .endr
  ldr r0, [r3, #0x10]
  bx lr
  end_function
.endm
  divide_waiting 6
  divide_waiting 7
  divide_waiting 8
  divide_waiting 9
  divide_waiting 10

/** void read_words(const volatile uint32_t *a, *b, *c, uint32_t rounds): reads a, b and c in turn. */
  .global read_words
  begin_function read_words
  push {r4, lr}
1: ldr r4, [r0]
  ldr r4, [r1]
  ldr r4, [r2]
  subs r3, #1
  bne 1b
  pop {r4, pc}
  end_function
