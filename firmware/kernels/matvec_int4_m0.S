// int4 x int8 matvec for the Cortex-M0+: eight rows in four multiplies, two per 32-bit product.
//
// void sm_matvec_int4_m0(const struct sm_matvec *job)        the same job and result as sm_matvec_int4_portable
// void sm_matvec_int4g32_m0(const struct sm_matvec *job)     and as sm_matvec_int4g32_portable
//
// Layout. Word k of a block holds eight rows' weights of column k as nibbles n0..n7 = wq + 8; a[k] is an i32. In int4g32
// every 32 words are preceded by the eight rows' group scales, u16[8].
//
// Arithmetic. With Sj = sum of wq x over a run of columns, modulo 2^32 and with M = 0x000f000f:
//     A0 = sum W x                    holds every row: S0 + 2^4 S1 + ... + 2^28 S7
//     Aj = sum ((W >> 4j) & M) x      = Sj + 2^16 S(j+4), j = 1, 2, 3
// so A0 - 2^4 A1 - 2^8 A2 - 2^12 A3 = S0 + 2^16 S4. All start at -8 sum(x), spread alike, which takes the 8 off. Lanes
// may wrap on the way and borrow from each other: at the end of the run the low sum is the low half, sign-extended, and
// the high one what is left, as long as every |Sj| <= 32767.
//
// Exact for |a| <= 127 when in each run of `job->run` columns every row has sum |wq| <= 258 (sm_matvec_run finds the
// longest such run; 32 columns always are one), at most 1024 columns, run a multiple of 4, at most 32 runs. Runs are
// added up in 32 bits. Whatever the weights, a row is one run when the sum of |a| is at most 4095 and pre at most 3: then
// every |Sj| + half(pre) <= 8 * 4095 + 4 < 2^15. Most vectors that a layer quantizes are that small. It is found out for each, in
// 5 cycles per column, where a row is three runs or more, or where there are blocks enough for one run to be worth it.
//
// Inner step, two columns of eight rows (16 weights): LDM a 3, LDM w 3, 2 x 14 = 34 cycles, 2.1 per weight; 3 for the
// loop every 8 columns, or 4 every 16 where a row is one run. A run costs 28 to split its sums, and when there are several, 44 to add them to the others'.
//
// Registers in the loop: r0 weights, r1 activations, r2 r3 words, r4 r5 activations, r6 scratch, r7 = M,
// r8..r11 = A0..A3, r12 end of the run's activations.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"

// stack frame
        .equ    F_A, F_COMMON + 0       // first activation
        .equ    F_END, F_COMMON + 4     // after the last
        .equ    F_RUN, F_COMMON + 8     // bytes of activations in a run
        .equ    F_BLOCKS, F_COMMON + 12 // still to do
        .equ    F_BIAS, F_COMMON + 16   // bias of the present run
        .equ    F_PRE_HALF, F_COMMON + 20
        .equ    F_ACC, F_COMMON + 24    // eight rows' sums of the runs so far, with half(pre)
        .equ    F_BIASES, F_COMMON + 56 // -8 sum(x) times 0x10001, of each run
        .equ    F_NEXT, F_BIASES + 4 * 32 // where the next block begins, for rows of several runs
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

// One column of eight rows: word \w, activation \x. 14 cycles.
.macro  MAC8    w, x
        lsrs    r6, \w, #4
        ands    r6, r7
        muls    r6, \x
        add     r9, r6
        lsrs    r6, \w, #8
        ands    r6, r7
        muls    r6, \x
        add     r10, r6
        lsrs    r6, \w, #12
        ands    r6, r7
        muls    r6, \x
        add     r11, r6
        muls    \w, \x
        add     r8, \w
.endm

// Two columns. 34 cycles.
.macro  COLUMNS2
        ldm     r1!, {r4, r5}
        ldm     r0!, {r2, r3}
        MAC8    r2, r4
        MAC8    r3, r5
.endm

// r1 = sum of x, or of a run's -> r3 = -8 sum(x), in both lanes; spoils r1.
.macro  BIAS
        lsls    r1, r1, #3
        rsbs    r1, r1, #0
        lsls    r3, r1, #16
        adds    r3, r3, r1
.endm

// r0 = job, common frame filled -> the rest of the frame but the biases; leaves r0.
.macro  FILL_FIELDS
        ldr     r1, [r0, #JOB_A]
        str     r1, [sp, #F_A]
        ldr     r2, [r0, #JOB_COLUMNS]
        lsls    r2, r2, #2
        adds    r2, r2, r1
        str     r2, [sp, #F_END]
        mov     r12, r2
        ldr     r2, [r0, #JOB_RUN]
        lsls    r2, r2, #2
        str     r2, [sp, #F_RUN]
        ldr     r2, [r0, #JOB_BLOCKS]
        str     r2, [sp, #F_BLOCKS]
        ldr     r2, [sp, #F_PRE]
        movs    r3, #1
        lsls    r3, r2
        lsrs    r3, r3, #1
        str     r3, [sp, #F_PRE_HALF]
.endm

// The bias of each run, the last one from what is left of the sum; leaves r0.
.macro  FILL_BIASES
        mov     r8, r0
        ldr     r1, [r0, #JOB_SUM]
        mov     r9, r1
        add     r0, sp, #F_BIASES
        ldr     r1, [sp, #F_A]
1:      // each run
        ldr     r2, [sp, #F_RUN]
        adds    r2, r2, r1
        cmp     r2, r12
        bhs     4f
        movs    r3, #0
3:      ldm     r1!, {r4-r7}
        adds    r4, r4, r5
        adds    r6, r6, r7
        adds    r3, r3, r4
        adds    r3, r3, r6
        cmp     r1, r2
        bne     3b
        mov     r4, r9
        subs    r4, r4, r3
        mov     r9, r4
        mov     r4, r1
        mov     r1, r3
        BIAS
        stm     r0!, {r3}
        mov     r1, r4
        b       1b
4:      mov     r1, r9
        BIAS
        stm     r0!, {r3}
        mov     r0, r8
.endm

// A0..A3 -> sums of rows 0..3 in r4..r7, of rows 4..7 in r9..r12; moves r0 to r8 and r1 to lr. 28 cycles.
.macro  SPLIT
        mov     lr, r1
        mov     r1, r9
        mov     r2, r10
        mov     r3, r11
        lsls    r4, r3, #4
        adds    r4, r4, r2
        lsls    r4, r4, #4
        adds    r4, r4, r1
        lsls    r4, r4, #4
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

// \columns (a number, a multiple of 4) -> the address in .Lcolumns to begin at; spoils r3.
.macro  ENTRY   columns
        lsrs    \columns, \columns, #2
        rsbs    \columns, \columns, #0
        movs    r3, #ROUND / 4 - 1
        ands    \columns, r3           // fours of columns to leave out in the first round
        movs    r3, #FOUR_COLUMNS
        muls    \columns, r3
        ldr     r3, =.Lcolumns
        adds    \columns, \columns, r3
.endm
        .equ    ROUND, 32               // columns; a power of two
        .equ    FOUR_COLUMNS, 120       // bytes of code

// A0..A3 -> sums of rows 0..3 in r4..r7, and their pairs in r8..r11; spoils r1..r3. 15 cycles.
.macro  LOW_ROWS
        mov     r1, r9
        mov     r2, r10
        mov     r3, r11
        lsls    r4, r3, #4
        adds    r4, r4, r2
        lsls    r4, r4, #4
        adds    r4, r4, r1
        lsls    r4, r4, #4
        mov     r7, r8
        subs    r7, r7, r4
        mov     r8, r7
        sxth    r4, r7
        sxth    r5, r1
        sxth    r6, r2
        sxth    r7, r3
.endm

// Pairs in r8..r11 -> sums of rows 4..7 in r4..r7. An arithmetic shift leaves the last bit lost in the carry, which rounds: the high
// lane is what is left, whose low neighbour may be below 0. 12 cycles; r3 = 0.
.macro  UPPER_ROWS
        mov     r4, r8
        mov     r5, r9
        mov     r6, r10
        mov     r7, r11
        .irp    row, r4, r5, r6, r7
        asrs    \row, \row, #16
        adcs    \row, r3
        .endr
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

// Sums of four rows in r4..r7, rounded for pre; r0 = their scales, the next ones in lr. Spoils r0..r2; leaves 0 in r3. With half=1
// sums may have more than 16 bits, whose products wrap: then half(post) is added as ARITHMETIC.md says, and r3 is not 0.
.macro  REQUANTIZE_LANES pre, half=0
.if \pre
        ldr     r1, [sp, #F_PRE]
        asrs    r4, r1
        asrs    r5, r1
        asrs    r6, r1
        asrs    r7, r1
.endif
        ldm     r0!, {r2, r3}
        mov     lr, r0
        ldr     r0, [sp, #F_AM]
        uxth    r1, r2
        muls    r1, r0
        lsrs    r1, r1, #17
        muls    r4, r1
        lsrs    r2, r2, #16
        muls    r2, r0
        lsrs    r2, r2, #17
        muls    r5, r2
        uxth    r1, r3
        muls    r1, r0
        lsrs    r1, r1, #17
        muls    r6, r1
        lsrs    r3, r3, #16
        muls    r3, r0
        lsrs    r3, r3, #17
        muls    r7, r3
        ldr     r0, [sp, #F_POST]
.if \half
        ldr     r3, [sp, #F_HALF]
        .irp    row, r4, r5, r6, r7
        adds    \row, \row, r3
        asrs    \row, r0
        .endr
.else
        movs    r3, #0
        .irp    row, r4, r5, r6, r7
        asrs    \row, r0
        adcs    \row, r3
        .endr
.endif
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
// The columns of a run: begun at an ENTRY, until r12; goes on at lr. ROUND columns a round, 5 cycles for one more, 4 at the end.
.Lcolumns:
        .rept   ROUND / 4
        COLUMNS2
        COLUMNS2
        .endr
.Lcolumns_end:
        .if     .Lcolumns_end - .Lcolumns != ROUND / 4 * FOUR_COLUMNS
        .error  "four columns are not as long as FOUR_COLUMNS says"
        .endif
        cmp     r1, r12
        bne     1f
        mov     pc, lr
1:      b       .Lcolumns
        .size   sm_matvec_int4_m0, . - sm_matvec_int4_m0

// The kernel of int4g32. A group of columns begins at Lstart and goes on, in lr, where the first, one in the middle, or the last of a
// block's groups is added up. Group scales lie before their columns: 16 bytes.

        .equ    F_LAST_ENTRY, F_RUN     // where the last group's columns begin
        .equ    F_LAST_BYTES, F_BIAS    // of the last group: scales and columns
        .equ    F_GROUP, F_BIASES + 4 * 32 // next bias, end, 0x1111, where whole groups' columns begin, M
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
        ldr     r6, =.Lcolumns + FOUR_COLUMNS / 4 * (ROUND - 32)
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
