// Attention of one query head of two components for the Cortex-M0+ (attention.h), for stories that are not long yet.
//
// void sm_attend2_m0(const struct sm_attend *job)        the results of sm_attend_portable for size = 2; scores are spoilt
//
// A score 13.75 cycles per position (bytes taken out one by one; 128 too much in each changes no distance between scores), weight
// and values 24, and about 180 beside the positions, where the three kernels for any size take 520 and 25 per position: it is for at most
// SM_ATTEND2_POSITIONS. Exact under the bounds of models/ARITHMETIC.md, section 6; the sum of weights is 128 at least, as
// the table's first is.
//
// Registers, scores: r0 keys, r1 scores, r2 r3 = q, r4 r5 four positions' bytes, r6 r7 scratch, r8 largest, r10 = end of scores.
// Weights: r0 scores, r1 values, r2 = mul, r3 = shift, r4 = table, r5 = largest score, r6 weight, r7 scratch; r8 r11 sums of
// weights times values, r9 = half(shift), r10 = end of scores, r12 = last entry, lr sum of weights.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"

// struct sm_attend and sm_softmax
        .equ    ATTEND_T, 0
        .equ    ATTEND_SCORES, 4
        .equ    ATTEND_Q, 8
        .equ    ATTEND_KEYS, 12
        .equ    ATTEND_VALUES, 16
        .equ    ATTEND_POSITIONS, 20
        .equ    ATTEND_SOFTMAX, 24
        .equ    SOFTMAX_TABLE, 0
        .equ    SOFTMAX_LAST, 4
        .equ    SOFTMAX_MUL, 8
        .equ    SOFTMAX_SHIFT, 12
        .equ    DIVIDEND, 0x60
        .equ    DIVISOR, 0x64
        .equ    QUOTIENT, 0x70

        .section .time_critical.sm_attend2_m0, "ax"
        .align  2
        .global sm_attend2_m0
        .type   sm_attend2_m0, %function
        .thumb_func
sm_attend2_m0:
        SAVE_REGISTERS
        push    {r0}
        ldr     r1, [r0, #ATTEND_SCORES]
        ldr     r7, [r0, #ATTEND_POSITIONS]
        lsls    r7, r7, #2
        adds    r7, r7, r1
        mov     r10, r7
        ldr     r2, [r0, #ATTEND_Q]
        ldr     r3, [r2, #4]
        ldr     r2, [r2, #0]
        ldr     r0, [r0, #ATTEND_KEYS]
        movs    r6, #1
        lsls    r6, r6, #31
        mov     r8, r6
.Lfour:
        ldm     r0!, {r4, r5}
        .irp    position, 0, 1, 2, 3
        uxtb    r6, r4
        muls    r6, r2
        uxtb    r7, r5
        muls    r7, r3
        adds    r6, r6, r7
        stm     r1!, {r6}
        cmp     r6, r8
        bgt     .Lmore_\position
.Lkept_\position:
        cmp     r1, r10
        beq     .Lscored
        .if     \position < 3
        lsrs    r4, r4, #8
        lsrs    r5, r5, #8
        .endif
        .endr
        b       .Lfour
        .irp    position, 0, 1, 2, 3
.Lmore_\position:
        mov     r8, r6
        b       .Lkept_\position
        .endr

.Lscored:
        mov     r5, r8
        ldr     r7, [sp, #0]
        ldr     r0, [r7, #ATTEND_SCORES]
        ldr     r1, [r7, #ATTEND_VALUES]
        ldr     r7, [r7, #ATTEND_SOFTMAX]
        ldm     r7!, {r4, r6}
        ldm     r7!, {r2, r3}
        mov     r12, r6
        movs    r6, #1
        lsls    r6, r3
        lsrs    r6, r6, #1
        mov     r9, r6
        movs    r6, #0
        mov     r8, r6
        mov     r11, r6
        mov     lr, r6
.Lposition:
        ldm     r0!, {r6}
        subs    r6, r5, r6
        muls    r6, r2
        add     r6, r9
        lsrs    r6, r3
        cmp     r6, r12
        bhi     .Lbeyond
.Lwithin:
        lsls    r6, r6, #1
        ldrh    r6, [r4, r6]
        add     lr, r6
        ldrb    r7, [r1, #0]
        muls    r7, r6
        add     r8, r7
        ldrb    r7, [r1, #1]
        muls    r7, r6
        add     r11, r7
        adds    r1, #2
        cmp     r0, r10
        bne     .Lposition

        // r2 = sum of weights, r4 its bits, r5 its upper 16
        mov     r2, lr
        movs    r5, r2
        movs    r4, #16
        lsrs    r3, r2, #16
        beq     .Lfew
1:      adds    r4, #1
        lsrs    r5, r5, #1
        lsrs    r3, r3, #1
        bne     1b
.Lsixteen:
        movs    r7, #0xd0
        lsls    r7, r7, #24
        movs    r3, #0
        mvns    r3, r3
        lsrs    r3, r3, #2              // 0x3fffffff
        str     r3, [r7, #DIVIDEND]
        str     r5, [r7, #DIVISOR]
        subs    r4, #8                  // what the means are shifted by
        movs    r3, #1
        lsls    r3, r4
        lsrs    r3, r3, #1
        lsls    r5, r2, #7
        subs    r3, r3, r5
        mov     r5, r8
        adds    r5, r5, r3
        asrs    r5, r4
        mov     r6, r11
        adds    r6, r6, r3
        asrs    r6, r4
        ldr     r7, [r7, #QUOTIENT]
        muls    r5, r7
        muls    r6, r7
        movs    r3, #1
        lsls    r3, r3, #13
        adds    r5, r5, r3
        adds    r6, r6, r3
        asrs    r5, r5, #14
        asrs    r6, r6, #14
        pop     {r0}
        ldr     r0, [r0, #ATTEND_T]
        stm     r0!, {r5, r6}
        RETURN
.Lbeyond:
        mov     r6, r12
        b       .Lwithin
1:      lsls    r5, r5, #1
        subs    r4, #1
.Lfew:
        lsrs    r3, r5, #15
        beq     1b
        b       .Lsixteen
        .size   sm_attend2_m0, . - sm_attend2_m0
