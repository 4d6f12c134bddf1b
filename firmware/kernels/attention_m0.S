// Attention for the Cortex-M0+: scores, softmax weights and the mixture of values of one query head (attention.h).

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"
#include "int8_m0_macros.h"

// ---------------------------------------------------------------------------------------------------------------------
// int32_t sm_scores_m0(int32_t *scores, const int32_t *q, const uint8_t *keys, uint32_t size, uint32_t positions)
//
// The int8 matvec's arithmetic and bound (matvec_int8_m0.S) with positions for rows: eight positions per pass, two
// components at a time in 45 cycles. Afterwards, per four positions: 20 to take the sums apart, 31 to store them and
// keep the largest. size is even and at most 512.
//
// Heads of two components have a way of their own: 2 * 127 * 127 < 2^15, so two positions fit a product as 16-bit lanes,
// and the query stays in registers: 51 cycles for four positions.

        .equ    F_Q, 0                  // first component
        .equ    F_Q_END, 4
        .equ    F_S_A, 8                // what A starts at
        .equ    F_S_EC, 12              // what E and C start at
        .equ    F_MOST, 16
        .equ    F_OUT, 20
        .equ    F_LEFT, 24              // positions still to do
        .equ    F_BLOCK, 28             // bytes of a block of four positions
        .equ    S_FRAME, 32

// r4..r7 -> scores, and the largest of the first r1 of them (r1 >= 1) with the largest so far. Spoils r2, r3.
.macro  KEEP_SCORES
        ldr     r2, [sp, #F_OUT]
        stm     r2!, {r4-r7}
        str     r2, [sp, #F_OUT]
        ldr     r2, [sp, #F_MOST]
        ldr     r3, [sp, #F_LEFT]
        subs    r3, #4
        str     r3, [sp, #F_LEFT]
        blo     2f                      // fewer than four
        cmp     r7, r2
        ble     1f
        mov     r2, r7
1:      cmp     r6, r2
        ble     1f
        mov     r2, r6
1:      cmp     r5, r2
        ble     3f
        mov     r2, r5
        b       3f
2:      adds    r3, #2                  // -1, 0 or 1 for one, two or three
        bmi     3f
        cmp     r5, r2
        ble     1f
        mov     r2, r5
1:      cmp     r3, #0
        beq     3f
        cmp     r6, r2
        ble     3f
        mov     r2, r6
3:      cmp     r4, r2
        ble     1f
        mov     r2, r4
1:      str     r2, [sp, #F_MOST]
.endm

        .section .time_critical.sm_scores_m0, "ax"
        .align  2
        .global sm_scores_m0
        .type   sm_scores_m0, %function
        .thumb_func
sm_scores_m0:
        cmp     r3, #2
        bne     1f
        b       .Ltwo
1:      SAVE_REGISTERS
        ldr     r4, [sp, #36]           // positions: above nine saved registers
        sub     sp, #S_FRAME
        str     r4, [sp, #F_LEFT]
        str     r0, [sp, #F_OUT]
        str     r1, [sp, #F_Q]
        lsls    r3, r3, #2
        str     r3, [sp, #F_BLOCK]
        adds    r3, r3, r1
        str     r3, [sp, #F_Q_END]
        movs    r4, #0
1:      ldm     r1!, {r5, r6}
        adds    r4, r4, r5
        adds    r4, r4, r6
        cmp     r1, r3
        bne     1b
        lsls    r4, r4, #7
        rsbs    r4, r4, #0
        lsls    r5, r4, #8
        adds    r4, r4, r5
        str     r4, [sp, #F_S_EC]
        lsls    r5, r4, #16
        adds    r4, r4, r5
        str     r4, [sp, #F_S_A]
        movs    r4, #1
        lsls    r4, r4, #31
        str     r4, [sp, #F_MOST]
        mov     r0, r2                  // keys
        ldr     r3, [sp, #F_LEFT]

.Leight: // r0 = keys of the next block, r3 = positions left, at least one
        cmp     r3, #4
        bhi     .Lpair
        b       .Lfour
.Lpair:
        ldr     r1, [sp, #F_BLOCK]
        lsls    r6, r1, #28             // an odd number of pairs of components: begin in the middle
        adds    r1, r1, r0
        ldr     r2, [sp, #F_S_A]
        ldr     r3, [sp, #F_S_EC]
        mov     r8, r2
        mov     r9, r3
        mov     r10, r3
        mov     r11, r2
        mov     r12, r3
        mov     lr, r3
        ldr     r2, [sp, #F_Q]
        cmp     r6, #0
        bmi     .Lhalf8
.Lloop8:
        COLUMNS8
.Lhalf8:
        COLUMNS8
        ldr     r3, [sp, #F_Q_END]
        cmp     r2, r3
        bne     .Lloop8
        mov     r0, r1                  // the next pair's keys
        TAKE_APART r8, r9, r10
        KEEP_SCORES
        TAKE_APART r11, r12, lr
        KEEP_SCORES
        ldr     r3, [sp, #F_LEFT]
        cmp     r3, #0
        ble     .Lscored
        b       .Leight
.Lfour:
        ldr     r2, [sp, #F_S_A]
        ldr     r3, [sp, #F_S_EC]
        mov     r8, r2
        mov     r9, r3
        mov     r10, r3
        ldr     r2, [sp, #F_Q]
        ldr     r3, [sp, #F_Q_END]
        mov     r12, r3
.Lloop4:
        COLUMNS4
        cmp     r2, r12
        bne     .Lloop4
        TAKE_APART r8, r9, r10
        KEEP_SCORES
.Lscored:
        ldr     r0, [sp, #F_MOST]
        add     sp, #S_FRAME
        RETURN

// Two components: r0 scores, r1 q, r2 keys. r8 = the largest, r9 r10 = biases of the lanes, r11 = end of the scores,
// r12 = the second lanes' product.
.Ltwo:
        SAVE_REGISTERS
        ldr     r3, [sp, #36]           // positions
        lsls    r3, r3, #2
        adds    r3, r3, r0
        mov     r11, r3
        mov     r4, r2
        ldm     r1!, {r2, r3}           // q
        mov     r1, r0                  // scores
        mov     r0, r4                  // keys
        adds    r4, r2, r3
        lsls    r4, r4, #7
        rsbs    r4, r4, #0
        lsls    r5, r4, #16
        adds    r4, r4, r5
        mov     r9, r4                  // -128 (q0 + q1) in both lanes
        movs    r4, #1
        lsls    r4, r4, #31
        mov     r8, r4
        ldr     r7, =0x00ff00ff
.Ltwo_loop:
        ldm     r0!, {r4, r5}
        lsrs    r6, r4, #8
        ands    r6, r7
        muls    r6, r2
        mov     r12, r6
        lsrs    r6, r5, #8
        ands    r6, r7
        muls    r6, r3
        add     r6, r12                 // lanes of positions 1 and 3
        muls    r4, r2
        muls    r5, r3
        adds    r4, r4, r5
        lsls    r5, r6, #8
        subs    r4, r4, r5              // lanes of positions 0 and 2
        add     r4, r9
        add     r6, r9
        sxth    r5, r4
        str     r5, [r1, #0]
        subs    r4, r4, r5
        asrs    r4, r4, #16
        str     r4, [r1, #8]
        mov     r12, r4
        sxth    r4, r6
        str     r4, [r1, #4]
        subs    r6, r6, r4
        asrs    r6, r6, #16
        str     r6, [r1, #12]
        adds    r1, #16
        cmp     r1, r11
        bhi     .Ltwo_rest
        cmp     r6, r8
        ble     1f
        mov     r8, r6
1:      cmp     r12, r8
        ble     1f
        mov     r8, r12
1:      cmp     r4, r8
        ble     1f
        mov     r8, r4
1:      cmp     r5, r8
        ble     1f
        mov     r8, r5
1:      cmp     r1, r11
        bne     .Ltwo_loop
        b       .Ltwo_done
.Ltwo_rest: // 4, 8 or 12 bytes too far: three, two or one positions
        cmp     r5, r8
        ble     1f
        mov     r8, r5
1:      mov     r5, r11
        subs    r1, r1, r5
        cmp     r1, #12
        beq     .Ltwo_done
        cmp     r4, r8
        ble     1f
        mov     r8, r4
1:      cmp     r1, #8
        beq     .Ltwo_done
        cmp     r12, r8
        ble     .Ltwo_done
        mov     r8, r12
.Ltwo_done:
        mov     r0, r8
        RETURN
        .ltorg
        .size   sm_scores_m0, . - sm_scores_m0

// ---------------------------------------------------------------------------------------------------------------------
// uint32_t sm_weights_m0(int32_t *scores, uint32_t positions, int32_t most, const struct sm_softmax *s)
//
// The index (most - score) mul + half is taken as constant - score mul. 13.75 cycles per position, whatever the scores:
// LDM 1.5, index 3, limit 3, table 3, sum 1, STM 1.5, loop 0.75.
//
// Registers: r0 scores, r1 table, r2 mul, r3 shift, r4 r5 values, r6 weights (the same place), r7 most mul + half,
// r8 = last, r9 = sum, r10 = end.

.macro  WEIGH   s
        muls    \s, r2
        subs    \s, r7, \s
        lsrs    \s, r3
        cmp     \s, r8
        bls     .Lin_table\@
        mov     \s, r8
.Lin_table\@:
        lsls    \s, \s, #1
        ldrh    \s, [r1, \s]
        add     r9, \s
.endm

        .section .time_critical.sm_weights_m0, "ax"
        .align  2
        .global sm_weights_m0
        .type   sm_weights_m0, %function
        .thumb_func
sm_weights_m0:
        SAVE_REGISTERS
        mov     r7, r2
        ldm     r3!, {r4-r6}
        ldr     r3, [r3]                // shift
        mov     r8, r5
        movs    r5, #0
        mov     r9, r5
        mov     r2, r6
        muls    r7, r2
        movs    r5, #1
        lsls    r5, r3
        lsrs    r5, r5, #1
        adds    r7, r7, r5
        mov     r6, r0
        lsls    r5, r1, #2
        adds    r5, r5, r0
        mov     r10, r5
        lsrs    r5, r1, #1
        mov     r1, r4
        bcc     1f                      // an odd position first
        ldr     r4, [r0]
        adds    r0, #4
        WEIGH   r4
        stm     r6!, {r4}
1:      cmp     r0, r10
        beq     .Lweighed
        mov     r5, r10
        subs    r5, r5, r0
        lsls    r5, r5, #28             // an odd number of pairs: begin in the middle
        bmi     .Lweigh_half
.Lweigh:
        ldm     r0!, {r4, r5}
        WEIGH   r4
        WEIGH   r5
        stm     r6!, {r4, r5}
.Lweigh_half:
        ldm     r0!, {r4, r5}
        WEIGH   r4
        WEIGH   r5
        stm     r6!, {r4, r5}
        cmp     r0, r10
        bne     .Lweigh
.Lweighed:
        mov     r0, r9
        RETURN
        .size   sm_weights_m0, . - sm_weights_m0

// ---------------------------------------------------------------------------------------------------------------------
// void sm_mix_m0(uint32_t *out, const uint32_t *weights, const uint8_t *values, uint32_t size, uint32_t positions)
//
// Exact in 32 bits by the four-multiply arithmetic of matvec_int8.c. Sizes that are a multiple of 4: eight components at a
// time (34 cycles per position), then four (19). Other even sizes: two at a time (11).
//
// Registers: r0 values, r1 weights, r2 weight, r3 word, r4 scratch, r7 = size. Sums of components 0..7 in r8..r12, lr, r5,
// r6.

        .equ    M_WEIGHTS, 0
        .equ    M_END, 4
        .equ    M_VALUES, 8             // of the next components
        .equ    M_OUT, 12
        .equ    M_LEFT, 16              // components still to do
        .equ    M_FRAME, 20

// r8, r5 += the two components at r0 times the weight \w; moves r0 on. 8 cycles; spoils r3 and r4.
.macro  MIX2    w
        ldrh    r3, [r0, #0]
        adds    r0, r0, r7
        lsrs    r4, r3, #8
        muls    r4, \w
        adds    r5, r5, r4
        muls    r3, \w
        add     r8, r3
.endm

// r0 = out; sums of four components -> out, moves on. Spoils r1..r4.
.macro  STORE4  acc0, acc1, acc2, acc3
        mov     r1, \acc0
        mov     r2, \acc1
        mov     r3, \acc2
        lsls    r4, r2, #8
        subs    r1, r1, r4
        lsls    r4, r3, #8
        subs    r2, r2, r4
        mov     r4, \acc3
        lsls    r4, r4, #8
        subs    r3, r3, r4
        mov     r4, \acc3
        stm     r0!, {r1-r4}
.endm

        .section .time_critical.sm_mix_m0, "ax"
        .align  2
        .global sm_mix_m0
        .type   sm_mix_m0, %function
        .thumb_func
sm_mix_m0:
        SAVE_REGISTERS
        ldr     r4, [sp, #36]           // positions
        sub     sp, #M_FRAME
        str     r0, [sp, #M_OUT]
        str     r1, [sp, #M_WEIGHTS]
        str     r2, [sp, #M_VALUES]
        str     r3, [sp, #M_LEFT]
        lsls    r4, r4, #2
        adds    r4, r4, r1
        str     r4, [sp, #M_END]
        mov     r7, r3
        mov     r0, r2

        lsls    r4, r3, #30             // rows that are not whole words
        beq     .Lmix
        b       .Lmix2

.Lmix: // r0 = values of the next components, r1 = weights, r3 = components left
        cmp     r3, #8
        blo     .Lmix4
        movs    r5, #0
        movs    r6, #0
        mov     r8, r5
        mov     r9, r5
        mov     r10, r5
        mov     r11, r5
        mov     r12, r5
        mov     lr, r5
.Lmix8_loop:
        ldm     r1!, {r2}
        ldr     r3, [r0, #0]
        WORD4   r3, r4, r8, r9, r10, r11
        ldr     r3, [r0, #4]
        adds    r0, r0, r7
        WORD4   r3, r4, r12, lr, r5, r6
        ldr     r4, [sp, #M_END]
        cmp     r1, r4
        bne     .Lmix8_loop
        ldr     r0, [sp, #M_OUT]
        STORE4  r8, r9, r10, r11
        STORE4  r12, lr, r5, r6
        str     r0, [sp, #M_OUT]
        ldr     r0, [sp, #M_VALUES]
        adds    r0, #8
        str     r0, [sp, #M_VALUES]
        ldr     r1, [sp, #M_WEIGHTS]
        ldr     r3, [sp, #M_LEFT]
        subs    r3, #8
        str     r3, [sp, #M_LEFT]
        bne     .Lmix
        b       .Lmixed

.Lmix4: // four left
        movs    r5, #0
        mov     r8, r5
        mov     r9, r5
        mov     r10, r5
        mov     r11, r5
        ldr     r6, [sp, #M_END]
.Lmix4_loop:
        ldm     r1!, {r2}
        ldr     r3, [r0, #0]
        adds    r0, r0, r7
        WORD4   r3, r4, r8, r9, r10, r11
        cmp     r1, r6
        bne     .Lmix4_loop
        ldr     r0, [sp, #M_OUT]
        STORE4  r8, r9, r10, r11
        b       .Lmixed

.Lmix2: // r0 = values of the next two components, r1 = weights
        movs    r5, #0
        mov     r8, r5
        ldr     r2, [sp, #M_END]
        mov     r9, r2
        subs    r2, r2, r1
        lsls    r2, r2, #29             // an odd number of positions: one first
        bpl     .Lmix2_pairs
        ldm     r1!, {r2}
        MIX2    r2
.Lmix2_pairs:
        cmp     r1, r9
        beq     .Lmix2_done
.Lmix2_loop:
        ldm     r1!, {r2, r6}
        MIX2    r2
        MIX2    r6
        cmp     r1, r9
        bne     .Lmix2_loop
.Lmix2_done:
        ldr     r0, [sp, #M_OUT]
        mov     r4, r8
        lsls    r2, r5, #8
        subs    r4, r4, r2
        stm     r0!, {r4, r5}
        str     r0, [sp, #M_OUT]
        ldr     r0, [sp, #M_VALUES]
        adds    r0, #2
        str     r0, [sp, #M_VALUES]
        ldr     r1, [sp, #M_WEIGHTS]
        ldr     r3, [sp, #M_LEFT]
        subs    r3, #2
        str     r3, [sp, #M_LEFT]
        bne     .Lmix2
.Lmixed:
        add     sp, #M_FRAME
        RETURN
        .size   sm_mix_m0, . - sm_mix_m0
