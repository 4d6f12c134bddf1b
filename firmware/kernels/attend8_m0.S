// Attention of one query head of eight components for the Cortex-M0+, all passes in one (attention.h).
//
// uint32_t sm_attend8_m0(const struct sm_attend *job)       the same t as sm_attend_portable; 0 if it does not hold (below)
//
// Scores. Two positions in one 32-bit product. With W a word of four positions' keys (biased by 128), M = 0x00ff00ff and
// everything modulo 2^32:
//     A = sum W q                  = S0 + 2^8 S1 + 2^16 S2 + 2^24 S3
//     B = sum ((W >> 8) & M) q     = S1 + 2^16 S3
// so A - 2^8 B = S0 + 2^16 S2; all start at what takes the 128 off. Exact when |q| times the longest |k| (Euclidean lengths) is
// below 2^15, as it was for every query of the stories we looked at; others are left to the caller (returns 0). What lies behind
// the last position in its block of four may be anything: it is the higher lane wherever it shares a product.
// Eight positions: components 136, start 8, sums 20, stores 12, largest 16, loop 8: 25 cycles per position. Four: 121.
//
// Weights. The index (most - score) mul + half is taken as constant - score mul. Weights that are not 0 are kept in the scores'
// place, each with where its values are: offset << 16 | weight. 15 cycles per position, 9 where its weight is 0, as it is for more
// than half of the positions of a story. The softmax table must end with 0, and positions be at most 8191; otherwise returns 0.
//
// Values, of the weights kept. With w the weights, |v| <= 127 and the sum of w at most 65535 every |sum w v| < 2^23 and the
// three-multiply arithmetic of matvec_int8_m0.S holds: 28 cycles for each. Otherwise the four-multiply one of matvec_int8.c: 37.
//
// Means. The reciprocal of the weights' sum comes from the SIO divider, which works while the values are mixed.
//
// Registers. Scores: r0 r1 keys of two fours, r2 = M, r3 scratch, r4 r5 words, r6 r7 components, r8 r9 and r10 r11 = A B, r12 scores,
// lr largest. Weights: r0 scores, r1 table, r2 mul, r3 shift, r4 r5 values, r6 weights kept, r7 = constant, r8 = last, r9 sum, r10 end,
// r12 = offset << 16, lr = 8 << 16. Values (three multiplies): r0 place, r1 weights, r2 r5 weights, r3 r4 words, r6 first values,
// r7 scratch, r8 r9 r10 and r11 r12 lr = A E C.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"
#include "int8_m0_macros.h"

// struct sm_attend
        .equ    ATTEND_T, 0
        .equ    ATTEND_SCORES, 4
        .equ    ATTEND_Q, 8
        .equ    ATTEND_KEYS, 12
        .equ    ATTEND_VALUES, 16
        .equ    ATTEND_POSITIONS, 20
        .equ    ATTEND_SOFTMAX, 24
        .equ    ATTEND_REACH, 28

// stack frame
        .equ    F_Q, 0                  // eight components
        .equ    F_START_A, 32
        .equ    F_START_B, 36
        .equ    F_KEYS_END, 40          // after the whole eights
        .equ    F_REST, 44              // positions after the whole eights
        .equ    F_JOB, 48
        .equ    F_DOWN, 52              // bits that a sum of values has too many
        .equ    F_OFFSET, 56            // what is added to it before they go
        .equ    F_END, 60               // after the last weight
        .equ    F_VALUES, F_REST
        .equ    FRAME, 64

// acc_a, acc_b += four positions' word \w times the component \x. 6 cycles; r2 = M, r3 scratch.
.macro  LANES4  w, x, acc_a, acc_b
        lsrs    r3, \w, #8
        ands    r3, r2
        muls    r3, \x
        add     \acc_b, r3
        muls    \w, \x
        add     \acc_a, \w
.endm

// Two components of eight positions. 34 cycles.
.macro  TWO_COMPONENTS d
        ldr     r6, [sp, #F_Q + 4 * \d]
        ldr     r7, [sp, #F_Q + 4 * \d + 4]
        ldm     r0!, {r4, r5}
        LANES4  r4, r6, r8, r9
        LANES4  r5, r7, r8, r9
        ldm     r1!, {r4, r5}
        LANES4  r4, r6, r10, r11
        LANES4  r5, r7, r10, r11
.endm

// Of four positions. 19 cycles.
.macro  TWO_OF_FOUR d
        ldr     r6, [sp, #F_Q + 4 * \d]
        ldr     r7, [sp, #F_Q + 4 * \d + 4]
        ldm     r0!, {r4, r5}
        LANES4  r4, r6, r8, r9
        LANES4  r5, r7, r8, r9
.endm

// A, B -> four scores in r4..r7. 10 cycles.
.macro  LANES_APART acc_a, acc_b
        mov     r6, \acc_a
        mov     r7, \acc_b
        lsls    r4, r7, #8
        subs    r6, r6, r4
        sxth    r4, r6
        subs    r6, r6, r4
        asrs    r6, r6, #16
        sxth    r5, r7
        subs    r7, r7, r5
        asrs    r7, r7, #16
.endm

// The largest so far is in lr. 2 cycles where \s is not larger; the rest is IS_LARGER, out of the way.
.macro  LARGER  s, name
        cmp     \s, lr
        bgt     .Llarger_\name
.Lnot_larger_\name:
.endm

.macro  IS_LARGER s, name
.Llarger_\name:
        mov     lr, \s
        b       .Lnot_larger_\name
.endm

// r4 = sum of the squares of r4..r7. 7 cycles.
.macro  SQUARES
        muls    r4, r4
        muls    r5, r5
        muls    r6, r6
        muls    r7, r7
        adds    r4, r4, r5
        adds    r6, r6, r7
        adds    r4, r4, r6
.endm

// Score -> weight and where its values are; added to the sum and kept, unless it is nothing. 13 cycles, 7 for nothing.
.macro  WEIGH   s, name
        muls    \s, r2
        subs    \s, r7, \s
        lsrs    \s, r3
        cmp     \s, r8
        bhs     .Lnothing_\name
        lsls    \s, \s, #1
        ldrh    \s, [r1, \s]
        add     r9, \s
        add     \s, r12
        stm     r6!, {\s}
.Lnothing_\name:
        add     r12, lr
.endm

// Values' place and weight in \w -> r0 and \w. 3 cycles. r6 = the first values.
.macro  FIND    w
        lsrs    r0, \w, #16
        adds    r0, r0, r6
        uxth    \w, \w
.endm

// One position, weight \w, three multiplies a word. 21 cycles; spoils r3, r4, r7.
.macro  MIX_THREE w
        ldm     r0!, {r3, r4}
        lsrs    r7, r3, #8
        uxth    r7, r7
        muls    r7, \w
        add     r9, r7
        lsrs    r7, r3, #16
        muls    r7, \w
        add     r10, r7
        muls    r3, \w
        add     r8, r3
        lsrs    r7, r4, #8
        uxth    r7, r7
        muls    r7, \w
        add     r12, r7
        lsrs    r7, r4, #16
        muls    r7, \w
        add     lr, r7
        muls    r4, \w
        add     r11, r4
.endm

// One position, weight r2, four multiplies a word. 25 cycles.
.macro  MIX_FOUR
        ldm     r0!, {r3, r4}
        WORD4   r3, r7, r8, r9, r10, r11
        WORD4   r4, r7, r12, lr, r5, r6
.endm

// Sums in r4..r7 -> their means. r0 offset, r1 down, r2 reciprocal; spoils r3. 22 cycles.
.macro  MEANS
        movs    r3, #1
        lsls    r3, r3, #13
        .irp    s, r4, r5, r6, r7
        adds    \s, \s, r0
        asrs    \s, r1
        muls    \s, r2
        adds    \s, \s, r3
        asrs    \s, \s, #14
        .endr
.endm

// The reciprocal, ready by now -> r2.
.macro  RECIPROCAL
        movs    r2, #0xd0
        lsls    r2, r2, #24
        ldr     r2, [r2, #0x70]         // DIV_QUOTIENT
.endm

        .section .time_critical.sm_attend8_m0, "ax"
        .align  2
        .global sm_attend8_m0
        .type   sm_attend8_m0, %function
        .thumb_func
sm_attend8_m0:
        SAVE_REGISTERS
        sub     sp, #FRAME
        str     r0, [sp, #F_JOB]

        // the query, the sum of its components and of their squares
        ldr     r1, [r0, #ATTEND_Q]
        mov     r2, sp
        ldm     r1!, {r4-r7}
        stm     r2!, {r4-r7}
        adds    r3, r4, r5
        adds    r3, r3, r6
        adds    r3, r3, r7
        SQUARES
        mov     r8, r4
        ldm     r1!, {r4-r7}
        stm     r2!, {r4-r7}
        adds    r3, r3, r4
        adds    r3, r3, r5
        adds    r3, r3, r6
        adds    r3, r3, r7
        SQUARES
        add     r4, r8
        adds    r4, #3
        lsrs    r4, r4, #2
        ldr     r5, [r0, #ATTEND_REACH]
        muls    r4, r5
        lsrs    r4, r4, #26
        bne     .Lleft_alone
        ldr     r4, [r0, #ATTEND_SOFTMAX]
        ldm     r4!, {r5, r6}           // table, last
        lsls    r6, r6, #1
        ldrh    r5, [r5, r6]
        ldr     r4, [r0, #ATTEND_POSITIONS]
        lsrs    r6, r4, #13
        orrs    r5, r6
        beq     1f
.Lleft_alone:
        movs    r0, #0
        b       .Lreturn
1:      lsls    r1, r3, #7
        rsbs    r1, r1, #0              // -128 sum(q)
        lsls    r2, r1, #16
        adds    r1, r1, r2
        str     r1, [sp, #F_START_B]
        lsls    r2, r1, #8
        adds    r1, r1, r2
        str     r1, [sp, #F_START_A]
        ldr     r1, [r0, #ATTEND_SCORES]
        mov     r12, r1
        movs    r1, #1
        lsls    r1, r1, #31
        mov     lr, r1
        ldr     r3, [r0, #ATTEND_POSITIONS]
        ldr     r0, [r0, #ATTEND_KEYS]
        ldr     r2, =0x00ff00ff
        movs    r1, #7
        ands    r1, r3
        str     r1, [sp, #F_REST]
        lsrs    r3, r3, #3
        bne     1f
        b       .Lrest
1:      lsls    r3, r3, #6
        adds    r3, r3, r0
        str     r3, [sp, #F_KEYS_END]
        movs    r1, r0
        adds    r1, #32
.Leights:
        ldr     r4, [sp, #F_START_A]
        ldr     r5, [sp, #F_START_B]
        mov     r8, r4
        mov     r9, r5
        mov     r10, r4
        mov     r11, r5
        TWO_COMPONENTS 0
        TWO_COMPONENTS 2
        TWO_COMPONENTS 4
        TWO_COMPONENTS 6
        mov     r3, r12
        LANES_APART r8, r9
        stm     r3!, {r4-r7}
        LARGER  r4, 0
        LARGER  r5, 1
        LARGER  r6, 2
        LARGER  r7, 3
        LANES_APART r10, r11
        stm     r3!, {r4-r7}
        mov     r12, r3
        LARGER  r4, 4
        LARGER  r5, 5
        LARGER  r6, 6
        LARGER  r7, 7
        mov     r0, r1
        adds    r1, #32
        ldr     r3, [sp, #F_KEYS_END]
        cmp     r0, r3
        beq     .Lrest
        b       .Leights
        IS_LARGER r4, 0
        IS_LARGER r5, 1
        IS_LARGER r6, 2
        IS_LARGER r7, 3
        IS_LARGER r4, 4
        IS_LARGER r5, 5
        IS_LARGER r6, 6
        IS_LARGER r7, 7

.Lrest: // fours, the last one perhaps not whole
        ldr     r1, [sp, #F_REST]
        cmp     r1, #0
        ble     .Lscored
        ldr     r4, [sp, #F_START_A]
        ldr     r5, [sp, #F_START_B]
        mov     r8, r4
        mov     r9, r5
        TWO_OF_FOUR 0
        TWO_OF_FOUR 2
        TWO_OF_FOUR 4
        TWO_OF_FOUR 6
        mov     r3, r12
        LANES_APART r8, r9
        stm     r3!, {r4-r7}
        mov     r12, r3
        LARGER  r4, 8
        subs    r1, #2
        blt     .Lscored
        LARGER  r5, 9
        cmp     r1, #0
        beq     .Lscored
        LARGER  r6, 10
        subs    r1, #2
        str     r1, [sp, #F_REST]
        blt     .Lscored
        LARGER  r7, 11
        b       .Lrest
        IS_LARGER r4, 8
        IS_LARGER r5, 9
        IS_LARGER r6, 10
        IS_LARGER r7, 11
        .ltorg

.Lscored: // the largest is in lr
        ldr     r0, [sp, #F_JOB]
        ldr     r3, [r0, #ATTEND_SOFTMAX]
        ldr     r5, [r0, #ATTEND_POSITIONS]
        ldr     r0, [r0, #ATTEND_SCORES]
        lsls    r4, r5, #2
        adds    r4, r4, r0
        mov     r10, r4
        ldm     r3!, {r1, r4}           // table, last
        mov     r8, r4
        ldm     r3!, {r2, r4}           // mul, shift
        movs    r3, #1
        lsls    r3, r4
        lsrs    r3, r3, #1
        mov     r7, lr
        muls    r7, r2
        adds    r7, r7, r3
        movs    r3, #8
        lsls    r3, r3, #16
        mov     lr, r3
        movs    r3, #0
        mov     r9, r3
        mov     r12, r3
        movs    r3, r4
        mov     r6, r0
        lsrs    r5, r5, #1
        bcc     1f                      // an odd position first
        ldm     r0!, {r4}
        WEIGH   r4, first
1:      cmp     r0, r10
        beq     .Lweighed
        lsrs    r5, r5, #1              // an odd number of pairs: begin in the middle
        bcs     .Lweigh_half
.Lweigh:
        ldm     r0!, {r4, r5}
        WEIGH   r4, 0
        WEIGH   r5, 1
.Lweigh_half:
        ldm     r0!, {r4, r5}
        WEIGH   r4, 2
        WEIGH   r5, 3
        cmp     r0, r10
        bne     .Lweigh
.Lweighed: // r9 = the sum: at least 128, because the largest weight is; r6 = end of the weights, made an even number
        ldr     r1, [sp, #F_JOB]
        ldr     r1, [r1, #ATTEND_SCORES]
        subs    r2, r6, r1
        lsls    r2, r2, #29
        bpl     1f
        movs    r2, #0
        stm     r6!, {r2}
1:      str     r6, [sp, #F_END]
        mov     r2, r9
        movs    r1, #24                 // its bits less 8
        lsrs    r3, r2, #16
        bne     1f
        lsls    r2, r2, #16
        subs    r1, #16
1:      lsrs    r3, r2, #24
        bne     1f
        lsls    r2, r2, #8
        subs    r1, #8
1:      lsrs    r3, r2, #28
        bne     1f
        lsls    r2, r2, #4
        subs    r1, #4
1:      lsrs    r3, r2, #30
        bne     1f
        lsls    r2, r2, #2
        subs    r1, #2
1:      cmp     r2, #0
        blt     1f
        lsls    r2, r2, #1
        subs    r1, #1
1:      lsrs    r2, r2, #16
        movs    r3, #0xd0
        lsls    r3, r3, #24
        ldr     r4, =0x3fffffff
        str     r4, [r3, #0x60]         // DIV_UDIVIDEND
        str     r2, [r3, #0x64]         // DIV_UDIVISOR
        str     r1, [sp, #F_DOWN]
        movs    r3, #1
        lsls    r3, r1
        lsrs    r3, r3, #1              // half(down)
        ldr     r2, [sp, #F_JOB]
        ldr     r1, [r2, #ATTEND_SCORES]
        ldr     r6, [r2, #ATTEND_VALUES]
        mov     r4, r9
        lsrs    r5, r4, #16
        beq     1f
        b       .Lfour
1:      str     r3, [sp, #F_OFFSET]
        lsls    r4, r4, #7
        rsbs    r4, r4, #0              // -128 times the sum
        lsls    r3, r4, #8
        adds    r4, r4, r3
        mov     r9, r4
        mov     r10, r4
        mov     r12, r4
        mov     lr, r4
        lsls    r3, r4, #16
        adds    r4, r4, r3
        mov     r8, r4
        mov     r11, r4
.Lthree:
        ldm     r1!, {r2, r5}
        FIND    r2
        MIX_THREE r2
        FIND    r5
        MIX_THREE r5
        ldr     r3, [sp, #F_END]
        cmp     r1, r3
        bne     .Lthree
.Lthree_done:
        TAKE_APART r8, r9, r10
        ldr     r0, [sp, #F_OFFSET]
        ldr     r1, [sp, #F_DOWN]
        RECIPROCAL
        mov     r8, r2
        MEANS
        ldr     r3, [sp, #F_JOB]
        ldr     r3, [r3, #ATTEND_T]
        stm     r3!, {r4-r7}
        mov     r9, r3
        TAKE_APART r11, r12, lr
        mov     r2, r8
        MEANS
        mov     r3, r9
        stm     r3!, {r4-r7}
.Lattended:
        movs    r0, #1
.Lreturn:
        add     sp, #FRAME
        RETURN
        .ltorg

.Lfour:
        str     r6, [sp, #F_VALUES]
        lsls    r4, r4, #7
        subs    r3, r3, r4
        str     r3, [sp, #F_OFFSET]     // the 128 goes with it
        movs    r5, #0
        movs    r6, #0
        mov     r8, r5
        mov     r9, r5
        mov     r10, r5
        mov     r11, r5
        mov     r12, r5
        mov     lr, r5
.Lfour_one:
        ldm     r1!, {r2}
        ldr     r4, [sp, #F_VALUES]
        lsrs    r0, r2, #16
        adds    r0, r0, r4
        uxth    r2, r2
        MIX_FOUR
        ldr     r4, [sp, #F_END]
        cmp     r1, r4
        bne     .Lfour_one
.Lfour_done:
        mov     r3, r5
        push    {r3, r6}
        mov     r4, r8
        mov     r5, r9
        mov     r6, r10
        mov     r7, r11
        .irp    pair, first, second
        lsls    r3, r5, #8
        subs    r4, r4, r3
        lsls    r3, r6, #8
        subs    r5, r5, r3
        lsls    r3, r7, #8
        subs    r6, r6, r3
        ldr     r0, [sp, #F_OFFSET + 8]
        ldr     r1, [sp, #F_DOWN + 8]
        RECIPROCAL
        MEANS
        .ifc    \pair, first
        ldr     r3, [sp, #F_JOB + 8]
        ldr     r3, [r3, #ATTEND_T]
        stm     r3!, {r4-r7}
        mov     r8, r3
        mov     r4, r12
        mov     r5, lr
        ldr     r6, [sp, #0]
        ldr     r7, [sp, #4]
        .else
        mov     r3, r8
        stm     r3!, {r4-r7}
        .endif
        .endr
        add     sp, #8
        b       .Lattended
        .ltorg
        .size   sm_attend8_m0, . - sm_attend8_m0
