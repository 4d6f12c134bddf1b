// Sums of one block of int4 rows for the Cortex-M0+, and what becomes of them (sums.h).
//
// void sm_sums8_int4_m0(const struct sm_sums *job)       the results of sm_sums_int4_portable
// void sm_sums4_int4_m0(const struct sm_sums *job)       sums[0..3] only, where rows 4..7 are padding (wq = 0)
//
// Layout: word k holds eight rows' weights of column k as nibbles wq + 8.
//
// Eight rows: the arithmetic of int4_lanes_m0_macros.h, two rows' sums in the halves of a product. The sum of a, which takes the 8 off, is made on
// the way, and a run's sums are added to those in memory. 18.75 cycles per column: LDM 3, 14, sum 1, loop 0.75; about 85 a run.
// Exact when in each run every row has sum |wq| <= 258: 32 columns always are one.
//
// Four rows: without a mask, and with nibbles 4..7 known to be 8,
//     Aj = sum (W >> 4j) x = Sj + 2^4 Sj+1 + ... + 2^(4(3-j)) S3 + (0x88888888 >> 4j) sum x,     so Sj = Aj - 2^4 Aj+1
// less the known part, which they start at. Whole sums of 32 bits, so any number of columns is one run. 14.75 cycles per
// column: LDM 3, 11, loop 0.75.
//
// Registers: r0 words, r1 a, r2 r3 words, r4 r5 a, r6 scratch, r7 = 0x000f000f, r8..r11 A0..A3, r12 end of the run, lr sum of x.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "int4_lanes_m0_macros.h"
#include "m0_macros.h"

// struct sm_sums
        .equ    SUMS, 0
        .equ    WORDS, 4
        .equ    A, 8
        .equ    COLUMNS, 12
        .equ    SUM, 16
        .equ    FIRST, 20
        .equ    RUN, 24

// stack frame
        .equ    F_SUMS, 0
        .equ    F_END, 4                // after the last a
        .equ    F_RUN, 8                // bytes

.macro  MAC4    w, x
        lsrs    r6, \w, #4
        muls    r6, \x
        add     r9, r6
        lsrs    r6, \w, #8
        muls    r6, \x
        add     r10, r6
        lsrs    r6, \w, #12
        muls    r6, \x
        add     r11, r6
        muls    \w, \x
        add     r8, \w
.endm

// \pair = two sums of a run, to those of rows \row and \row + 4; spoils r6, r7.
.macro  ADD_PAIR pair, row
        sxth    r6, \pair
        subs    \pair, \pair, r6
        asrs    \pair, \pair, #16
        ldr     r7, [r0, #4 * \row]
        adds    r7, r7, r6
        str     r7, [r0, #4 * \row]
        ldr     r7, [r0, #4 * \row + 16]
        adds    r7, r7, \pair
        str     r7, [r0, #4 * \row + 16]
.endm

        .section .time_critical.sm_sums8_int4_m0, "ax"
        .align  2
        .global sm_sums8_int4_m0
        .type   sm_sums8_int4_m0, %function
        .thumb_func
sm_sums8_int4_m0:
        SAVE_REGISTERS
        sub     sp, #12
        ldr     r1, [r0, #SUMS]
        str     r1, [sp, #F_SUMS]
        movs    r2, #0
        movs    r3, #0
        movs    r4, #0
        movs    r5, #0
        stm     r1!, {r2-r5}
        stm     r1!, {r2-r5}
        ldr     r1, [r0, #A]
        ldr     r4, [r0, #COLUMNS]
        lsls    r4, r4, #2
        adds    r4, r4, r1
        str     r4, [sp, #F_END]
        ldr     r5, [r0, #RUN]
        lsls    r5, r5, #2
        str     r5, [sp, #F_RUN]
        ldr     r5, [r0, #FIRST]
        lsls    r5, r5, #2
        ldr     r0, [r0, #WORDS]
.Lsums_run: // r1 a, r4 = end of all, r5 = bytes of a of this run, if there are so many
        adds    r5, r5, r1
        cmp     r5, r4
        bls     1f
        movs    r5, r4
1:      mov     r12, r5
        movs    r2, #0
        mov     r8, r2
        mov     r9, r2
        mov     r10, r2
        mov     r11, r2
        mov     lr, r2
        ldr     r7, =0x000f000f
1:      .rept   2
        ldm     r1!, {r4, r5}
        ldm     r0!, {r2, r3}
        add     lr, r4
        MAC8    r2, r4
        add     lr, r5
        MAC8    r3, r5
        .endr
        cmp     r1, r12
        bne     1b

        mov     r2, r8
        mov     r3, r9
        mov     r4, r10
        mov     r5, r11
        lsls    r6, r5, #4
        adds    r6, r6, r4
        lsls    r6, r6, #4
        adds    r6, r6, r3
        lsls    r6, r6, #4
        subs    r2, r2, r6
        mov     r6, lr
        lsls    r6, r6, #3
        lsls    r7, r6, #16
        adds    r6, r6, r7              // 8 sum(x) in both halves
        subs    r2, r2, r6
        subs    r3, r3, r6
        subs    r4, r4, r6
        subs    r5, r5, r6
        mov     r8, r0
        ldr     r0, [sp, #F_SUMS]
        ADD_PAIR r2, 0
        ADD_PAIR r3, 1
        ADD_PAIR r4, 2
        ADD_PAIR r5, 3
        mov     r0, r8
        ldr     r4, [sp, #F_END]
        ldr     r5, [sp, #F_RUN]
        cmp     r1, r4
        beq     1f
        b       .Lsums_run
1:      add     sp, #12
        RETURN
        .ltorg
        .size   sm_sums8_int4_m0, . - sm_sums8_int4_m0

        .section .time_critical.sm_sums4_int4_m0, "ax"
        .align  2
        .global sm_sums4_int4_m0
        .type   sm_sums4_int4_m0, %function
        .thumb_func
sm_sums4_int4_m0:
        SAVE_REGISTERS
        ldr     r1, [r0, #SUMS]
        mov     lr, r1
        ldr     r2, [r0, #SUM]
        ldr     r3, =0x77777778         // -0x88888888
        muls    r3, r2
        mov     r8, r3
        ldr     r3, =0xf7777778
        muls    r3, r2
        mov     r9, r3
        ldr     r3, =0xff777778
        muls    r3, r2
        mov     r10, r3
        ldr     r3, =0xfff77778
        muls    r3, r2
        mov     r11, r3
        ldr     r1, [r0, #A]
        ldr     r2, [r0, #COLUMNS]
        lsls    r2, r2, #2
        adds    r2, r2, r1
        mov     r12, r2
        ldr     r0, [r0, #WORDS]
1:      .rept   2
        ldm     r1!, {r4, r5}
        ldm     r0!, {r2, r3}
        MAC4    r2, r4
        MAC4    r3, r5
        .endr
        cmp     r1, r12
        bne     1b
        mov     r2, r8
        mov     r3, r9
        mov     r4, r10
        mov     r5, r11
        lsls    r6, r3, #4
        subs    r2, r2, r6
        lsls    r6, r4, #4
        subs    r3, r3, r6
        lsls    r6, r5, #4
        subs    r4, r4, r6
        mov     r0, lr
        stm     r0!, {r2-r5}
        RETURN
        .ltorg
        .size   sm_sums4_int4_m0, . - sm_sums4_int4_m0

// ---------------------------------------------------------------------------------------------------------------------
// void sm_finish_m0(struct sm_finish *f)                 the same as sm_finish_portable
//
// About 90 cycles for four rows. Registers: r4..r7 sums, r0..r3 scratch, r8 = f, r9 = half(post), r12 = half(pre), lr = am.
        .equ    FINISH_X, 0
        .equ    FINISH_SUMS, 4
        .equ    FINISH_MORE, 8
        .equ    FINISH_WM, 12
        .equ    FINISH_ROWS, 16
        .equ    FINISH_AM, 20
        .equ    FINISH_PRE, 24
        .equ    FINISH_POST, 28

        .section .time_critical.sm_finish_m0, "ax"
        .align  2
        .global sm_finish_m0
        .type   sm_finish_m0, %function
        .thumb_func
sm_finish_m0:
        SAVE_REGISTERS
        mov     r8, r0
        ldr     r1, [r0, #FINISH_AM]
        mov     lr, r1
        movs    r2, #1
        ldr     r1, [r0, #FINISH_PRE]
        lsls    r2, r1
        lsrs    r2, r2, #1              // 0 for no shift
        mov     r12, r2
        movs    r2, #1
        ldr     r1, [r0, #FINISH_POST]
        lsls    r2, r1
        lsrs    r2, r2, #1
        mov     r9, r2
.Lfinish:
        ldr     r1, [r0, #FINISH_SUMS]
        ldm     r1!, {r4-r7}
        str     r1, [r0, #FINISH_SUMS]
        ldr     r1, [r0, #FINISH_MORE]
        cmp     r1, #0
        beq     1f
        ldm     r1!, {r2, r3}
        adds    r4, r4, r2
        adds    r5, r5, r3
        ldm     r1!, {r2, r3}
        adds    r6, r6, r2
        adds    r7, r7, r3
        str     r1, [r0, #FINISH_MORE]
1:      ldr     r2, [r0, #FINISH_PRE]
        .irp    sum, r4, r5, r6, r7
        add     \sum, r12
        asrs    \sum, r2
        .endr
        ldr     r1, [r0, #FINISH_WM]
        ldm     r1!, {r2, r3}
        str     r1, [r0, #FINISH_WM]
        mov     r0, lr
        APPLY_SCALES
        mov     r0, r8
        ldr     r2, [r0, #FINISH_POST]
        .irp    sum, r4, r5, r6, r7
        add     \sum, r9
        asrs    \sum, r2
        .endr
        ldr     r1, [r0, #FINISH_X]
        ldr     r2, [r1, #0]
        ldr     r3, [r1, #4]
        adds    r4, r4, r2
        adds    r5, r5, r3
        ldr     r2, [r1, #8]
        ldr     r3, [r1, #12]
        adds    r6, r6, r2
        adds    r7, r7, r3
        stm     r1!, {r4-r7}
        str     r1, [r0, #FINISH_X]
        ldr     r1, [r0, #FINISH_ROWS]
        subs    r1, #4
        str     r1, [r0, #FINISH_ROWS]
        bgt     .Lfinish
        RETURN
        .size   sm_finish_m0, . - sm_finish_m0
