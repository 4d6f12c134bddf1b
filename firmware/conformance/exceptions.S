/*
 * Exception entry, return, tail-chaining, late arrival and preemption. Exceptions keep r4 to r11, so handlers leave their counts in
 * r5 and r4, and use r0 to r3 as the interrupted code left them.
 */
#include "row.inc"

  .equ FIRST_IRQ, 1 << 26
  .equ SECOND_IRQ, 1 << 27

/** Counts at its first instruction and at its last but one. */
  begin_function stamp_twice
  ldr r5, [r7]
  ldr r4, [r7]
  bx lr
  end_function

  begin_function stamp_first
  ldr r5, [r7]
  bx lr
  end_function

  begin_function stamp_second
  ldr r4, [r7]
  bx lr
  end_function

  begin_function stamp_and_pop
  push {lr}
  ldr r4, [r7]
  pop {pc}
  end_function

/** Makes another exception pending (r2 to [r0]), which comes at once. */
  begin_function stamp_and_pend
  ldr r5, [r7]
  str r2, [r0]
  nop
  bx lr
  end_function

/** As a compiler begins a handler that reads SysTick. */
  begin_function stamp_as_compiled
  push {r4, lr}
  ldr r3, =SYST_CVR
  ldr r5, [r3]
  pop {r4, pc}
  end_function

/** SysTick reaches zero `cycles` cycles after its reload and then goes on from 0xffffff. Leaves r0 to r3 changed. */
.macro systick_in cycles
  ldr r0, =0xe000e010
  movs r1, #7
  ldr r2, =0xffffff
  ldr r3, =\cycles
  str r1, [r0]
  str r3, [r0, #4]
.endm
.macro systick_go
  str r1, [r0, #8]
  str r2, [r0, #4]
.endm

.macro prepare first, second, priorities
  ldr r0, =\first
  ldr r1, =\second
  ldr r2, =\priorities
  bl exceptions_prepare
.endm

/** Stores r1 to [r0] with interrupts on. */
.macro pend_row name, register, value, from=r6, to=r5, first=stamp_twice, second=stamp_twice, priorities=0x8080
  span_row "\name", \from, \to, "prepare \first, \second, \priorities; ldr r0, =\register; ldr r1, =\value; ldr r2, =SECOND_IRQ; cpsie i", \
    "str r1, [r0]; nop; nop", "cpsid i; bl exceptions_restore"
.endm

begin_rows exception_rows
  pend_row "exception.irq-entry", NVIC_ISPR, FIRST_IRQ
  pend_row "exception.pendsv-entry", SCB_ICSR, 1 << 28
  pend_row "exception.systick-entry", SCB_ICSR, 1 << 26
  pend_row "exception.nmi-entry", SCB_ICSR, 1 << 31
  pend_row "exception.tail-chain", NVIC_ISPR, FIRST_IRQ | SECOND_IRQ, r5, r4, stamp_first, stamp_second
  pend_row "exception.tail-chain-total", NVIC_ISPR, FIRST_IRQ | SECOND_IRQ, r6, r3, stamp_first, stamp_second
  pend_row "exception.preempt", NVIC_ISPR, FIRST_IRQ, r5, r4, stamp_and_pend, stamp_second, 0x80c0
  span_row "exception.svc-entry", r6, r5, "prepare stamp_twice, stamp_twice, 0x8080; cpsie i", "svc #0", "cpsid i; bl exceptions_restore"
  span_row "exception.return-bx", r4, r3, "prepare stamp_twice, stamp_twice, 0x8080; cpsie i", "svc #0", "cpsid i; bl exceptions_restore"
  span_row "exception.return-pop", r4, r3, "prepare stamp_and_pop, stamp_twice, 0x8080; cpsie i", "svc #0", "cpsid i; bl exceptions_restore"
  span_row "exception.svc-round-trip", r6, r3, "prepare stamp_first, stamp_twice, 0x8080; cpsie i", "svc #0", "cpsid i; bl exceptions_restore"
  span_row "exception.unmask-pending", r6, r5, \
    "prepare stamp_twice, stamp_twice, 0x8080; ldr r0, =NVIC_ISPR; ldr r1, =FIRST_IRQ; str r1, [r0]", "cpsie i; nop; nop", \
    "cpsid i; bl exceptions_restore"
  /* SysTick becomes pending while the interrupt's registers are stacked, and is served in its place. */
  span_row "exception.late-arrival", r6, r4, \
    "prepare stamp_first, stamp_second, 0x80c0; systick_in 10; ldr r4, =NVIC_ISPR; ldr r5, =FIRST_IRQ; cpsie i; systick_go", \
    "str r5, [r4]; nop; nop", "cpsid i; bl exceptions_restore"
  span_row "published.systick-wrap-to-handler", r1, r5, \
    "prepare stamp_as_compiled, stamp_as_compiled, 0x8080; systick_in 40; cpsie i; systick_go; movs r1, #1", \
    ".rept 40; nop; .endr", "cpsid i; bl exceptions_restore"
  span_row "sleep.wfi-systick-wake", r1, r3, \
    "prepare stamp_first, stamp_first, 0x8080; systick_in 60; systick_go; movs r1, #1", "wfi", "bl exceptions_restore"
end_rows
