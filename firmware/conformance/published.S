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
