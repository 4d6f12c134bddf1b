/*
 * Both cores at work on the bus at once. Code and stack of core 0 lie in SRAM5, those of core 1 in SRAM4, so that they meet only
 * where the row wants it. Core 1 sleeps in WFE; the SEV of core 0 starts both.
 */
#include "row.inc"

  .equ FIFO_ST, 0x50
  .equ FIFO_WR, 0x54
  .equ FIFO_RD, 0x58

.macro begin_private section, name
  .pushsection .\section\().conformance, "ax"
  .balign 4
  .global \name
  .thumb_func
  .type \name, %function
\name:
.endm

/** Waits for a word from the other core; r1 is SIO. */
.macro receive register
1: ldr \register, [r1, #FIFO_ST]
  lsrs \register, \register, #1
  bcc 1b
  ldr \register, [r1, #FIFO_RD]
.endm

.macro timed_body body
  .rept 16
  nop
  .endr
  ldr r6, [r7]
  \body
  ldr r5, [r7]
  subs r0, r6, r5
  lsls r0, r0, #8
  lsrs r0, r0, #8
  pop {r4-r7, pc}
.endm

/** Calls what core 0 asks for (function, argument) and answers with its result. */
  begin_private scratch_x, core1_worker
  ldr r1, =0xe000e010
  ldr r2, =0xffffff
  movs r3, #5
  str r2, [r1, #4]
  str r2, [r1, #8]
  str r3, [r1]
2: ldr r1, =SIO
  receive r4
  receive r0
  blx r4
  ldr r1, =SIO
  str r0, [r1, #FIFO_WR]
  b 2b
  end_function

/** `uint32_t core0_<name>(address, trigger, value)` stores value to trigger, then starts both; `core1_<name>(address)` says that it waits. */
.macro pair name, body
  begin_private scratch_y, core0_\name
  push {r4-r7, lr}
  ldr r7, =SYST_CVR
  str r2, [r1]
  ldr r1, =SIO
  sev
  timed_body "\body"
  end_function
  begin_private scratch_x, core1_\name
  push {r4-r7, lr}
  ldr r7, =SYST_CVR
  ldr r1, =SIO
  sev
  wfe
  str r0, [r1, #FIFO_WR]
  wfe
  timed_body "\body"
  end_function
.endm

  pair ldm, ".rept 16; ldm r0!, {r1-r4}; .endr"
  pair stm, ".rept 16; stm r0!, {r1-r4}; .endr"
  pair ldr, ".rept 32; ldr r2, [r0]; .endr"
  pair call, "blx r0"

  begin_private scratch_y, core0_ping
  push {r4-r7, lr}
  ldr r7, =SYST_CVR
  ldr r1, =SIO
  sev
  timed_body ".rept 16; str r0, [r1, #FIFO_WR]; receive r2; .endr"
  end_function
  begin_private scratch_x, core1_echo
  push {r4-r7, lr}
  ldr r7, =SYST_CVR
  ldr r1, =SIO
  sev
  wfe
  str r0, [r1, #FIFO_WR]
  wfe
  timed_body ".rept 16; receive r2; str r2, [r1, #FIFO_WR]; .endr"
  end_function

/** 64 NOPs and a return: 130 bytes, to be copied to where they shall run. */
  .global nops_to_copy
  .pushsection .text.conformance_nops, "ax"
  .balign 16
nops_to_copy:
  .rept 64
  nop
  .endr
  bx lr
  .balign 16
  .popsection
