/* A GPIO interrupt with a handler as short as can be: GPIO 2 rises, the handler toggles GPIO 3. */
#include "row.inc"

  .equ IO_BANK0_INTR0, 0x400140f0
  .equ GPIO2_RISES, 1 << 11

  .global toggle_on_edge
  begin_function toggle_on_edge
  ldr r0, =SIO
  movs r1, #8
  str r1, [r0, #0x1c]
  ldr r5, [r7]
  ldr r0, =IO_BANK0_INTR0
  ldr r1, =GPIO2_RISES
  str r1, [r0]
  bx lr
  end_function

/** uint32_t span_edge_to_toggle(void): from the store that raises GPIO 2 to the one that toggles GPIO 3. */
  .global span_edge_to_toggle
  begin_function span_edge_to_toggle
  push {r4-r7, lr}
  ldr r7, =SYST_CVR
  ldr r0, =SIO
  movs r1, #4
  cpsie i
  ldr r6, [r7]
  str r1, [r0, #0x14]
  .rept 16
  nop
  .endr
  cpsid i
  subs r0, r6, r5
  lsls r0, r0, #8
  lsrs r0, r0, #8
  pop {r4-r7, pc}
  end_function

/** void toggle_in_callback(uint32_t gpio, uint32_t events): toggles GPIO 3 and notes when; a literal load lies between, and is taken off. */
  .global toggle_in_callback
  begin_function toggle_in_callback
  ldr r2, =SIO
  movs r3, #8
  str r3, [r2, #0x1c]
  ldr r2, =SYST_CVR
  ldr r3, [r2]
  adds r3, #2
  ldr r2, =toggled_at
  str r3, [r2]
  bx lr
  end_function

/** uint32_t span_edge_to_callback(void): from the store that raises GPIO 2 to the one in the callback. */
  .global span_edge_to_callback
  begin_function span_edge_to_callback
  push {r4-r7, lr}
  ldr r7, =SYST_CVR
  ldr r4, =500
  ldr r0, =SIO
  movs r1, #4
  cpsie i
  ldr r6, [r7]
  str r1, [r0, #0x14]
1: subs r4, #1
  bne 1b
  cpsid i
  ldr r5, =toggled_at
  ldr r5, [r5]
  subs r0, r6, r5
  lsls r0, r0, #8
  lsrs r0, r0, #8
  pop {r4-r7, pc}
  end_function
  .lcomm toggled_at, 4

/** uint32_t span_to_load(const volatile uint32_t *address): the cycles of one load. */
  .global span_to_load
  begin_function span_to_load
  push {r4-r7, lr}
  ldr r7, =SYST_CVR
  ldr r6, [r7]
  ldr r1, [r0]
  ldr r5, [r7]
  subs r0, r6, r5
  lsls r0, r0, #8
  lsrs r0, r0, #8
  pop {r4-r7, pc}
  end_function
