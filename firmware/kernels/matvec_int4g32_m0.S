// int4 x int8 matvec with a scale for each row's groups of 32 columns, for the Cortex-M0+.
//
// void sm_matvec_int4g32_m0(const struct sm_matvec *job)     the same job and result as sm_matvec_int4g32_portable
//
// Layout and arithmetic: int4_m0_macros.h; every 32 words are preceded by the eight rows' group scales, u16[8]. Exact for |a| <= 127,
// whatever the weights, because a run is a group: 32 * 8 * 127 < 2^15; at most 1024 columns. Scaled sums are added up in 32 bits.
//
// A block begins in 10 cycles; a group of columns begins at .Lstart in 24 (the last one 30), takes 17 per column and 4 at the end, and
// goes on, in lr, where the first (69 cycles), one in the middle (93) or the last of a block's groups (196 with requantization) is
// added up: 1,425 for a block of 64 columns, 2.78 per weight.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "int4_m0_macros.h"

// stack frame
        .equ    F_LAST_ENTRY, F_RUN     // where the last group's columns begin
        .equ    F_LAST_BYTES, F_BIAS    // of the last group: scales and columns
        .equ    F_GROUP, F_KERNEL       // next bias, end, 0x1111, where whole groups' columns begin, M
        .equ    F_G_END, F_BLOCKS       // after the last result
        .equ    FRAME_G32, F_GROUP + 20

// r4..r7 *= the four scales at r0, which moves on. Spoils r1..r3. 11 cycles.
.macro  SCALE4
        ldm     r0!, {r2, r3}
        uxth    r1, r2
        muls    r4, r1
        lsrs    r2, r2, #16
        muls    r5, r2
        uxth    r1, r3
        muls    r6, r1
        lsrs    r3, r3, #16
        muls    r7, r3
.endm

// r4..r7 += the sums at [sp, #\at]; spoils r1..r3. 11 cycles.
.macro  ADD_KEPT at
        add     r1, sp, #\at
        ldm     r1!, {r2, r3}
        adds    r4, r4, r2
        adds    r5, r5, r3
        ldm     r1!, {r2, r3}
        adds    r6, r6, r2
        adds    r7, r7, r3
.endm

// The same for r0..r3 to spoil. 10 cycles.
.macro  ADD_KEPT_4 at
        add     r0, sp, #\at
        ldm     r0, {r0-r3}
        adds    r4, r4, r0
        adds    r5, r5, r1
        adds    r6, r6, r2
        adds    r7, r7, r3
.endm

.macro  KEEP_SUMS at
        add     r1, sp, #\at
        stm     r1!, {r4-r7}
.endm

// r4..r7 rounded for pre. 12 cycles.
.macro  DROP_PRE
        ldr     r1, [sp, #F_PRE]
        ldr     r2, [sp, #F_PRE_HALF]
        .irp    row, r4, r5, r6, r7
        adds    \row, \row, r2
        asrs    \row, r1
        .endr
.endm

// A group that is not the last.
.macro  ADD_GROUP first
        mov     r12, r1
        LOW_ROWS
        subs    r0, #144
        SCALE4
.if \first == 0
        ADD_KEPT F_ACC
.endif
        KEEP_SUMS F_ACC
        movs    r3, #0
        UPPER_ROWS
        SCALE4
.if \first == 0
        ADD_KEPT F_ACC + 16
.endif
        KEEP_SUMS F_ACC + 16
        adds    r0, #128
        mov     r1, r12
.endm

        .section .time_critical.sm_matvec_int4g32_m0, "ax"
        .align  2
        .global sm_matvec_int4g32_m0
        .type   sm_matvec_int4g32_m0, %function
        .thumb_func
sm_matvec_int4g32_m0:
        SAVE_REGISTERS
        sub     sp, #FRAME_G32
        FILL_COMMON
        FILL_FIELDS
        FILL_BIASES
        ldr     r4, [r0, #JOB_COLUMNS]
        subs    r4, #1
        movs    r3, #31
        ands    r4, r3
        adds    r4, #1                  // columns of the last group
        movs    r5, r4
        lsls    r4, r4, #2
        adds    r4, #16
        str     r4, [sp, #F_LAST_BYTES]
        ENTRY   r5
        str     r5, [sp, #F_LAST_ENTRY]
        ldr     r4, [sp, #F_BLOCKS]
        lsls    r4, r4, #5
        ldr     r5, [sp, #F_Y]
        adds    r4, r4, r5
        str     r4, [sp, #F_G_END]
        ldr     r4, [sp, #F_END]
        ldr     r5, =0x1111
        ldr     r6, =sm_int4_columns + FOUR_COLUMNS / 4 * (ROUND - 32)
        ldr     r7, =0x000f000f
        add     r1, sp, #F_GROUP + 4
        stm     r1!, {r4-r7}
        ldr     r0, [r0, #JOB_WORDS]
        movs    r4, #0                  // what a single group is added to
        movs    r5, #0
        movs    r6, #0
        movs    r7, #0
        KEEP_SUMS F_ACC
        KEEP_SUMS F_ACC + 16

        b       .Lblock_g32

        .align  2
.Lmiddle_group:
        ADD_GROUP 0
        b       .Lgroup
        .align  2
.Lfirst_group:
        ADD_GROUP 1
.Lgroup:
        ldr     r2, =.Lmiddle_group
        mov     lr, r2
.Lstart: // r0 = scales, r1 = activations of a group. 23 cycles.
        adds    r0, #16
        add     r2, sp, #F_GROUP
        ldm     r2, {r2, r4-r7}
        ldm     r2!, {r3}
        str     r2, [sp, #F_GROUP]
        mov     r9, r3
        mov     r10, r3
        mov     r11, r3
        muls    r3, r5
        mov     r8, r3
        movs    r2, #128
        adds    r2, r2, r1
        cmp     r2, r4
        bhs     .Lstart_last
        mov     r12, r2
        mov     pc, r6
.Lstart_last:
        mov     r12, r4
        ldr     r2, =.Llast_group
        mov     lr, r2
        ldr     r2, [sp, #F_LAST_ENTRY]
        mov     pc, r2
        .ltorg
        .align  2
.Llast_group:
        LOW_ROWS
        ldr     r1, [sp, #F_LAST_BYTES]
        subs    r0, r0, r1
        SCALE4
        mov     r12, r0
        ADD_KEPT_4 F_ACC
        DROP_PRE
        ldr     r0, [sp, #F_WM]
        REQUANTIZE_LANES 0, half=1
        ldr     r1, [sp, #F_Y]
        stm     r1!, {r4-r7}
        movs    r3, #0
        UPPER_ROWS
        mov     r8, r1
        mov     r0, r12
        SCALE4
        adds    r0, #128
        mov     r12, r0                 // the next block's scales, though this group may have ended early
        ADD_KEPT_4 F_ACC + 16
        DROP_PRE
        mov     r0, lr
        REQUANTIZE_LANES 0, half=1
        mov     r0, lr
        str     r0, [sp, #F_WM]
        mov     r1, r8
        stm     r1!, {r4-r7}
        str     r1, [sp, #F_Y]
        mov     r0, r12
        ldr     r3, [sp, #F_G_END]
        cmp     r1, r3
        beq     1f
.Lblock_g32: // r0 = scales of the block's first group
        add     r1, sp, #F_BIASES
        str     r1, [sp, #F_GROUP]
        ldr     r1, =.Lfirst_group
        mov     lr, r1
        ldr     r1, [sp, #F_A]
        b       .Lstart
1:      add     sp, #FRAME_G32
        RETURN
        .ltorg
        .size   sm_matvec_int4g32_m0, . - sm_matvec_int4g32_m0
