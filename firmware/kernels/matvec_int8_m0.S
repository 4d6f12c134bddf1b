// int8 x int8 matvec for the Cortex-M0+: four exact sums from three multiplies.
//
// void sm_matvec_int8_m0(const struct sm_matvec *job)       the same job and result as sm_matvec_int8_portable
//
// Layout. Word k of a block holds four rows' weights of column k as bytes b0..b3 = wq + 128; a[k] is an i32. Two blocks
// (eight rows) share each load of a[k]; an odd last block goes alone.
//
// Arithmetic. With Sj = sum bj x and everything modulo 2^32, three accumulators per block:
//     A = sum W x                     = S0 + 2^8 S1 + 2^16 S2 + 2^24 S3
//     E = sum ((W >> 8) & 0xffff) x   = S1 + 2^8 S2
//     C = sum (W >> 16) x             = S2 + 2^8 S3
// They start at -128 sum(x) + half(pre), spread over their bytes, so that what they hold are the sums of wq x, already
// rounded for the shift by `pre`. While |Sj| < 2^23, the 96 bits determine all four sums:
//     D = A - 2^8 E = S0 + 2^24 S3    S0 = D sign-extended from 24 bits; the rest is S3 mod 2^8
//     C - 2^8 (S3 mod 2^8)            is S2 mod 2^16 in its low half: G
//     P = E - 2^8 G = S1 + 2^24 (S2 >> 16)      S1 = P sign-extended from 24 bits; the rest gives S2
//     S3 = (C - S2) >> 8              exact, because |C| < 2^31
//
// Exact for |a| <= 127, columns <= 512 and pre <= 8: |Sj| <= 512 * 128 * 127 + 128 < 2^23 and |C| <= 257 |Sj| < 2^31.
// The caller (matvec.c) uses the portable kernel beyond that.
//
// Inner step, two columns of eight rows (16 weights): LDM a 3, 2 x (LDM w 3, 2 x 9) = 45 cycles, 2.8 per weight; 6 for the
// loop every 8 columns, or 5 every 4 where 8 do not divide them. Per block afterwards: 20 to take the sums apart, 52 to requantize and store four rows.
//
// Registers in the loop: r0, r1 weights of the two blocks, r2 activations, r3 scratch, r4 r5 words, r6 r7 activations,
// r8 r9 r10 = A E C of the first block, r11 r12 lr = of the second.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"
#include "int8_m0_macros.h"

// stack frame
        .equ    F_END, F_COMMON + 0     // after the last activation
        .equ    F_BLOCKS, F_COMMON + 4
        .equ    F_STRIDE, F_COMMON + 8  // bytes of a block; this and the next four are read together
        .equ    F_A, F_COMMON + 12      // the first activation
        .equ    F_START_A, F_COMMON + 16 // what A starts at
        .equ    F_START_EC, F_COMMON + 20 // what E and C start at
        .equ    F_PAIRS_END, F_COMMON + 24 // weights after the last pair of blocks
        .equ    FRAME, F_COMMON + 28

// r1..r5 = bytes of a block, activations, starts, weights after the last pair. 7 cycles.
.macro  FOR_A_PAIR
        add     r1, sp, #F_STRIDE
        ldm     r1, {r1-r5}
.endm

// All pairs of blocks, one by one: r0 = weights of the first, r1..r5 as FOR_A_PAIR leaves them. The loop runs 8 columns at a time
// (\wide = 1, for columns that are a multiple of 8) or 4.
.macro  PAIRS   name, wide
.Lpair_\name:
        adds    r1, r1, r0
        mov     r8, r3
        mov     r9, r4
        mov     r10, r4
        mov     r11, r3
        mov     r12, r4
        mov     lr, r4
.Lcolumns_\name:
        COLUMNS8
        COLUMNS8
.if \wide
        COLUMNS8
        COLUMNS8
        ldr     r3, [sp, #F_END]
        cmp     r2, r3
        beq     .Lflush_\name
        b       .Lcolumns_\name
.Lflush_\name:
.else
        ldr     r3, [sp, #F_END]
        cmp     r2, r3
        bne     .Lcolumns_\name
.endif
        TAKE_APART r8, r9, r10
        mov     r8, r1                  // the next pair's weights
        REQUANTIZE leave_wm=r9, leave_y=r10
        TAKE_APART r11, r12, lr
        REQUANTIZE take_wm=r9, take_y=r10
        mov     r0, r8
        FOR_A_PAIR
        cmp     r0, r5
        beq     .Llast_\name
        b       .Lpair_\name
.Llast_\name:
.endm

        .section .time_critical.sm_matvec_int8_m0, "ax"
        .align  2
        .global sm_matvec_int8_m0
        .type   sm_matvec_int8_m0, %function
        .thumb_func
sm_matvec_int8_m0:
        SAVE_REGISTERS
        sub     sp, #FRAME
        FILL_COMMON

        ldr     r1, [r0, #JOB_A]
        str     r1, [sp, #F_A]
        ldr     r2, [r0, #JOB_COLUMNS]
        lsls    r2, r2, #2
        str     r2, [sp, #F_STRIDE]
        adds    r1, r1, r2
        str     r1, [sp, #F_END]
        ldr     r1, [sp, #F_PRE]
        movs    r3, #1
        lsls    r3, r1
        lsrs    r3, r3, #1              // half(pre); 0 for pre = 0
        ldr     r1, [r0, #JOB_SUM]
        lsls    r1, r1, #7
        subs    r3, r3, r1
        lsls    r1, r3, #8
        adds    r3, r3, r1              // (1 + 2^8) times
        str     r3, [sp, #F_START_EC]
        lsls    r1, r3, #16
        adds    r3, r3, r1              // (1 + 2^8 + 2^16 + 2^24) times
        str     r3, [sp, #F_START_A]
        ldr     r3, [r0, #JOB_BLOCKS]
        str     r3, [sp, #F_BLOCKS]
        ldr     r0, [r0, #JOB_WORDS]
        lsrs    r3, r3, #1
        lsls    r1, r2, #1
        muls    r3, r1
        adds    r3, r3, r0
        str     r3, [sp, #F_PAIRS_END]
        cmp     r0, r3
        bne     .Lpairs
        b       .Llast

.Lpairs: // r0 = weights
        FOR_A_PAIR
        lsls    r6, r1, #27             // an odd number of fours?
        bpl     .Lpairs_wide
        b       .Lpairs_narrow
.Lpairs_wide:
        PAIRS   wide, 1
        b       .Llast
.Lpairs_narrow:
        PAIRS   narrow, 0

.Llast:
        ldr     r3, [sp, #F_BLOCKS]
        lsrs    r3, r3, #1              // an odd number leaves one
        bcc     .Ldone
        ldr     r2, [sp, #F_START_A]
        ldr     r3, [sp, #F_START_EC]
        mov     r8, r2
        mov     r9, r3
        mov     r10, r3
        ldr     r2, [sp, #F_A]
        ldr     r3, [sp, #F_END]
        mov     r12, r3
.Lcolumns4:
        COLUMNS4
        COLUMNS4
        cmp     r2, r12
        bne     .Lcolumns4
        TAKE_APART r8, r9, r10
        REQUANTIZE

.Ldone:
        add     sp, #FRAME
        RETURN
        .size   sm_matvec_int8_m0, . - sm_matvec_int8_m0
