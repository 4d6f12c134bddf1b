// int4 x int8 matvec for the Cortex-M0+: eight rows in four multiplies, two per 32-bit product.
//
// void sm_matvec_int4_m0(const struct sm_matvec *job)        the same job and result as sm_matvec_int4_portable
//
// Layout, arithmetic and the registers of the loop: int4_m0_macros.h.
//
// Exact for |a| <= 127 when in each run of `job->run` columns every row has sum |wq| <= 258 (sm_matvec_run finds the
// longest such run; 32 columns always are one), at most 1024 columns, run a multiple of 4, at most 32 runs. Runs are
// added up in 32 bits. Whatever the weights, a row is one run when the sum of |a| is at most 4095 and pre at most 3: then
// every |Sj| + half(pre) <= 8 * 4095 + 4 < 2^15. Most vectors that a layer quantizes are that small. It is found out for each, in
// 5 cycles per column, where a row is three runs or more, or where there are blocks enough for one run to be worth it.
//
// Inner step, two columns of eight rows (16 weights): LDM a 3, LDM w 3, 2 x 14 = 34 cycles, 2.1 per weight; 5 for the loop every 32
// columns, 4 at its end. A block of rows that are one run: 17 to begin, 115 to take sums apart and requantize them (127 where pre is not 0),
// 4 to go on: 1,233 for 64 columns, 2.41 per weight. Several runs: 28 to split a run's sums, and 44 to add them to the others'.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "int4_m0_macros.h"

// stack frame
        .equ    F_NEXT, F_KERNEL        // where the next block begins, for rows of several runs
        .equ    FRAME, F_NEXT + 4
// where a row is one run, the room of the sums holds
        .equ    F_START, F_ACC          // activations, what A1..A3 and A0 start at, end, where columns begin and go on, M
        .equ    F_Y_END, F_ACC + 28     // after the last result
// where it is two, the room of the sums and biases
        .equ    F_RAW, F_ACC            // A0..A3 of the first run
        .equ    F_ENTRY_1, F_ACC + 16   // where the first run's loop begins
        .equ    F_ENTRY_2, F_ACC + 20
        .equ    F_MIDDLE, F_ACC + 24    // activations after the first run
        .equ    F_START_1, F_BIASES     // what A1..A3 start at, and A0
        .equ    F_START_2, F_BIASES + 8

// A0..A3 -> sums of rows 0..3 in r4..r7, of rows 4..7 in r9..r12; moves r0 to r8 and r1 to lr. 28 cycles.
.macro  SPLIT
        mov     lr, r1
        FOLD_LANES
        mov     r5, r8
        mov     r8, r0
        subs    r0, r5, r4
        sxth    r4, r0
        sxth    r5, r1
        sxth    r6, r2
        sxth    r7, r3
        subs    r0, r0, r4
        asrs    r0, r0, #16
        mov     r9, r0
        subs    r1, r1, r5
        asrs    r1, r1, #16
        mov     r10, r1
        subs    r2, r2, r6
        asrs    r2, r2, #16
        mov     r11, r2
        subs    r3, r3, r7
        asrs    r3, r3, #16
        mov     r12, r3
.endm

// r0 weights, r1 activations: one run of several, with the bias at [F_BIAS], which moves on. Results as SPLIT.
.macro  RUN     name
        ldr     r6, [sp, #F_BIAS]
        ldm     r6!, {r3}
        str     r6, [sp, #F_BIAS]
        mov     r9, r3
        mov     r10, r3
        mov     r11, r3
        ldr     r7, =0x1111
        muls    r3, r7
        mov     r8, r3
        ldr     r7, =0x000f000f
        ldr     r6, [sp, #F_RUN]
        adds    r6, r6, r1
        ldr     r5, [sp, #F_END]
        cmp     r6, r5
        bls     1f
        mov     r6, r5
1:      mov     r12, r6
        subs    r6, r6, r1
        lsrs    r6, r6, #2
        ENTRY   r6
        ldr     r3, =.Lsummed_\name
        mov     lr, r3
        mov     pc, r6
        .align  2
.Lsummed_\name:
        SPLIT
.endm

// r4..r7 from r9..r12.
.macro  HIGH_ROWS
        mov     r4, r9
        mov     r5, r10
        mov     r6, r11
        mov     r7, r12
.endm

// r4..r7 += the sums at [sp, #\at]. Spoils r0..r3.
.macro  ADD_SUMS at
        add     r0, sp, #\at
        ldm     r0!, {r1, r2, r3}
        adds    r4, r4, r1
        adds    r5, r5, r2
        adds    r6, r6, r3
        ldr     r1, [r0]
        adds    r7, r7, r1
.endm

// Sums of the eight rows start at half(pre).
.macro  CLEAR_SUMS
        ldr     r4, [sp, #F_PRE_HALF]
        mov     r5, r4
        mov     r6, r4
        mov     r7, r4
        add     r3, sp, #F_ACC
        stm     r3!, {r4-r7}
        stm     r3!, {r4-r7}
.endm

// A0..A3, sums within 16 bits and rounded for pre -> results; the next block follows. 115 cycles, 127 with pre.
.macro  FINISH_LANES pre
        mov     r12, r0
        LOW_ROWS
        ldr     r0, [sp, #F_WM]
        REQUANTIZE_LANES \pre
        ldr     r1, [sp, #F_Y]
        stm     r1!, {r4-r7}
        UPPER_ROWS
        mov     r8, r1
        mov     r0, lr
        REQUANTIZE_LANES \pre
        mov     r0, lr
        str     r0, [sp, #F_WM]
        mov     r1, r8
        stm     r1!, {r4-r7}
        str     r1, [sp, #F_Y]
        mov     r0, r12
        ldr     r3, [sp, #F_Y_END]
        cmp     r1, r3
        beq     .Lreturn
.endm

        .section .time_critical.sm_matvec_int4_m0, "ax"
        .align  2
        .global sm_matvec_int4_m0
        .type   sm_matvec_int4_m0, %function
        .thumb_func
sm_matvec_int4_m0:
        SAVE_REGISTERS
        sub     sp, #FRAME
        FILL_COMMON
        FILL_FIELDS
        ldr     r1, [r0, #JOB_COLUMNS]
        ldr     r2, [r0, #JOB_RUN]
        cmp     r2, r1
        bhs     .Lone
        ldr     r3, [sp, #F_PRE]
        cmp     r3, #3
        bhi     .Lmany
        lsls    r3, r2, #1
        cmp     r3, r1
        blo     1f                      // three runs or more
        ldr     r3, [sp, #F_BLOCKS]     // a run less saves 70 cycles a block
        lsls    r3, r3, #3
        cmp     r3, r1
        blo     .Lmany
1:      mov     r8, r0
        ldr     r1, [sp, #F_A]
        movs    r0, #0                  // of the negative activations
1:      ldm     r1!, {r4-r7}
        .irp    x, r4, r5, r6, r7
        asrs    r3, \x, #31
        ands    r3, \x
        adds    r0, r0, r3
        .endr
        cmp     r1, r12
        bne     1b
        lsls    r3, r0, #1
        mov     r0, r8
        ldr     r1, [r0, #JOB_SUM]
        subs    r3, r1, r3              // sum of |a|
        lsrs    r3, r3, #12
        bne     .Lmany
        b       .Lsmall
.Lmany:
        ldr     r1, [r0, #JOB_COLUMNS]
        lsls    r2, r2, #1
        cmp     r2, r1
        blo     .Lruns
        b       .Ltwo
.Lone:
        ldr     r3, [r0, #JOB_PRE]
        cmp     r3, #0
        bne     .Lruns
        ldr     r1, [r0, #JOB_SUM]
        BIAS
        movs    r2, r3
        ldr     r6, =.Lwhole_summed
.Lone_run: // r2 = what A1..A3 start at, r6 = where a block's sums are finished
        ldr     r1, [sp, #F_BLOCKS]
        lsls    r1, r1, #5
        ldr     r3, [sp, #F_Y]
        adds    r1, r1, r3
        str     r1, [sp, #F_Y_END]
        ldr     r5, [r0, #JOB_COLUMNS]
        ENTRY   r5
        ldr     r7, =0x1111
        movs    r3, r2
        muls    r3, r7
        ldr     r1, [r0, #JOB_A]
        mov     r4, r12
        ldr     r7, =0x000f000f
        mov     r8, r0
        add     r0, sp, #F_START
        stm     r0!, {r1-r7}
        mov     r0, r8
        ldr     r0, [r0, #JOB_WORDS]
        b       .Lwhole
.Lsmall: // activations so small that a row is one run; r1 = their sum
        lsls    r1, r1, #3
        ldr     r3, [sp, #F_PRE_HALF]
        subs    r1, r3, r1
        lsls    r2, r1, #16
        adds    r2, r2, r1
        ldr     r6, =.Lsmall_summed
        b       .Lone_run

        .ltorg

.Lruns:
        FILL_BIASES
        ldr     r1, =.Lblock
        str     r1, [sp, #F_NEXT]
        ldr     r0, [r0, #JOB_WORDS]
        b       .Lblock

        .align  2
.Lwhole_summed:
        FINISH_LANES 0
.Lwhole: // a row is one run: nothing to keep in memory. 17 cycles to begin.
        add     r1, sp, #F_START
        ldm     r1, {r1-r7}
        mov     r9, r2
        mov     r10, r2
        mov     r11, r2
        mov     r8, r3
        mov     r12, r4
        mov     lr, r6
        mov     pc, r5
        .align  2
.Lsmall_summed:
        FINISH_LANES 1
        b       .Lwhole
.Lreturn:
        add     sp, #FRAME
        RETURN
        .ltorg

.Ltwo: // a row is two runs: the first one's sums wait as they are
        ldr     r1, =.Ltwo_block
        str     r1, [sp, #F_NEXT]
        mov     r8, r0
        ldr     r1, [sp, #F_A]
        ldr     r2, [sp, #F_RUN]
        adds    r2, r2, r1
        str     r2, [sp, #F_MIDDLE]
        movs    r3, #0
1:      ldm     r1!, {r4-r7}
        adds    r4, r4, r5
        adds    r6, r6, r7
        adds    r3, r3, r4
        adds    r3, r3, r6
        cmp     r1, r2
        bne     1b
        mov     r0, r8
        ldr     r4, [r0, #JOB_SUM]
        subs    r4, r4, r3              // sum of the second run
        add     r6, sp, #F_START_1
        ldr     r7, =0x1111
        movs    r1, r3
        BIAS
        movs    r5, r3
        muls    r5, r7
        stm     r6!, {r3, r5}
        movs    r1, r4
        BIAS
        movs    r5, r3
        muls    r5, r7
        stm     r6!, {r3, r5}
        ldr     r1, [r0, #JOB_RUN]
        ldr     r2, [r0, #JOB_COLUMNS]
        subs    r2, r2, r1
        ENTRY   r1
        str     r1, [sp, #F_ENTRY_1]
        ENTRY   r2
        str     r2, [sp, #F_ENTRY_2]
        ldr     r0, [r0, #JOB_WORDS]

        .align  2
.Ltwo_block:
        ldr     r3, [sp, #F_START_1]
        mov     r9, r3
        mov     r10, r3
        mov     r11, r3
        ldr     r3, [sp, #F_START_1 + 4]
        mov     r8, r3
        ldr     r7, =0x000f000f
        ldr     r1, [sp, #F_MIDDLE]
        mov     r12, r1
        ldr     r1, =.Lpart_summed
        mov     lr, r1
        ldr     r1, [sp, #F_A]
        ldr     r6, [sp, #F_ENTRY_1]
        mov     pc, r6
        .align  2
.Lpart_summed:
        ldr     r6, [sp, #F_END]
        cmp     r1, r6
        beq     .Ltwo_last
        mov     r12, r6
        mov     r2, r8
        mov     r3, r9
        mov     r4, r10
        mov     r5, r11
        add     r6, sp, #F_RAW
        stm     r6!, {r2-r5}
        ldr     r3, [sp, #F_START_2]
        mov     r9, r3
        mov     r10, r3
        mov     r11, r3
        ldr     r3, [sp, #F_START_2 + 4]
        mov     r8, r3
        ldr     r6, [sp, #F_ENTRY_2]
        mov     pc, r6
.Ltwo_last:
        SPLIT
        mov     lr, r4                  // add the first run's, taken apart the same way
        add     r0, sp, #F_RAW
        ldm     r0, {r0-r3}
        lsls    r4, r3, #4
        adds    r4, r4, r2
        lsls    r4, r4, #4
        adds    r4, r4, r1
        lsls    r4, r4, #4
        subs    r0, r0, r4
        sxth    r4, r3
        adds    r7, r7, r4
        subs    r3, r3, r4
        asrs    r3, r3, #16
        add     r12, r3
        sxth    r4, r2
        adds    r6, r6, r4
        subs    r2, r2, r4
        asrs    r2, r2, #16
        add     r11, r2
        sxth    r4, r1
        adds    r5, r5, r4
        subs    r1, r1, r4
        asrs    r1, r1, #16
        add     r10, r1
        sxth    r1, r0
        subs    r0, r0, r1
        asrs    r0, r0, #16
        add     r9, r0
        mov     r4, lr
        adds    r4, r4, r1
        ldr     r0, [sp, #F_PRE_HALF]
        adds    r4, r4, r0
        adds    r5, r5, r0
        adds    r6, r6, r0
        adds    r7, r7, r0
        add     r9, r0
        add     r10, r0
        add     r11, r0
        add     r12, r0
.Lfinish: // eight rows' sums in r4..r7 and r9..r12, rounded for pre
        REQUANTIZE leave_wm=lr, keep_y=1
        mov     r4, r9
        mov     r9, r1
        mov     r5, r10
        mov     r6, r11
        mov     r7, r12
        REQUANTIZE take_wm=lr, take_y=r9
        mov     r0, r8
        ldr     r3, [sp, #F_BLOCKS]
        subs    r3, #1
        bne     1f
        b       .Lreturn
1:      str     r3, [sp, #F_BLOCKS]
        ldr     r3, [sp, #F_NEXT]
        mov     pc, r3

        .ltorg
        .align  2
.Lblock:
        CLEAR_SUMS
        add     r1, sp, #F_BIASES
        str     r1, [sp, #F_BIAS]
        ldr     r1, [sp, #F_A]
.Lrun:
        RUN     int4
        ADD_SUMS F_ACC
        ldr     r1, [sp, #F_END]
        cmp     r1, lr
        beq     .Llast
        add     r0, sp, #F_ACC
        stm     r0!, {r4-r7}
        HIGH_ROWS
        ADD_SUMS F_ACC + 16
        add     r0, sp, #F_ACC + 16
        stm     r0!, {r4-r7}
        mov     r0, r8
        mov     r1, lr
        b       .Lrun
.Llast:
        add     r0, sp, #F_ACC + 16
        ldm     r0, {r0-r3}
        add     r9, r0
        add     r10, r1
        add     r11, r2
        add     r12, r3
        b       .Lfinish
        .ltorg

        .align  2
        .global sm_int4_columns
        .hidden sm_int4_columns
// The columns of a run: begun at an ENTRY, until r12; goes on at lr. ROUND columns a round, 5 cycles for one more, 4 at the end.
sm_int4_columns:
        .rept   ROUND / 4
        COLUMNS2
        COLUMNS2
        .endr
.Lcolumns_end:
        .if     .Lcolumns_end - sm_int4_columns != ROUND / 4 * FOUR_COLUMNS
        .error  "four columns are not as long as FOUR_COLUMNS says"
        .endif
        cmp     r1, r12
        bne     1f
        mov     pc, lr
1:      b       sm_int4_columns
        .size   sm_matvec_int4_m0, . - sm_matvec_int4_m0
