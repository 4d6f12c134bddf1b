// The norm of four or eight elements for the Cortex-M0+ (norm.h).
//
// uint32_t sm_norm_few_m0(struct sm_scaled *a, const int32_t *x, const struct sm_gain *gain, int32_t *t, uint32_t eps, int32_t n)
//
// Same bits as sm_norm_few_portable for n = 4, 8, -4, -8, normC of 2^15 at least, and gains of a 4-byte aligned address.
//
// Three passes of two elements a round: less the mean and looked at 9.5 cycles per element, squared and multiplied by the gain 19,
// scaled 8.5; about 250 beside them. A shift to the right leaves the bit that decides about rounding in the carry, so
// ASR, ADC with 0 is a rounded shift. The mean needs no division. The divider works behind other work three times of four: the
// inverse while squares are normalized, the first of Newton's steps while elements are scaled. Bit lengths are found one
// by one: they are next to what they are compared with.
//
// Registers: as said at each pass; r9 = end of t, r8 = t and later the sum of a.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"

// struct sm_scaled and sm_gain
        .equ    SCALED_AM, 4
        .equ    SCALED_AE, 8
        .equ    SCALED_SUM, 12
        .equ    GAIN_C, 4
        .equ    GAIN_CE, 6

// frame: two pushed registers, nine saved ones, two arguments
        .equ    F_SCALED, 0
        .equ    F_GAIN, 4
        .equ    F_EPS, 44
        .equ    F_N, 48

// SIO divider, from 0xd0000000
        .equ    DIVIDEND, 0x60
        .equ    DIVISOR, 0x64
        .equ    QUOTIENT, 0x70

// |\value| into r2; spoils r0 and \value. 4 cycles.
.macro  COLLECT value
        asrs    r0, \value, #31
        eors    \value, r0
        subs    \value, \value, r0
        orrs    r2, \value
.endm

// rshift(\u, 4)^2 to r11; spoils r7. 4 cycles.
.macro  SQUARE  u
        asrs    r7, \u, #4
        adcs    r7, r6
        muls    r7, r7
        add     r11, r7
.endm

.macro  ENDS    value, name
        cmp     \value, r12
        bgt     .Lmore_\name
        cmp     \value, lr
        blt     .Lless_\name
.Lseen_\name:
.endm

.macro  BEYOND  value, name
.Lmore_\name:
        mov     r12, \value
        b       .Lseen_\name
.Lless_\name:
        mov     lr, \value
        b       .Lseen_\name
.endm

        .section .time_critical.sm_norm_few_m0, "ax"
        .align  2
        .global sm_norm_few_m0
        .type   sm_norm_few_m0, %function
        .thumb_func
sm_norm_few_m0:
        SAVE_REGISTERS
        push    {r0, r2}
        mov     r8, r3
        ldr     r6, [sp, #F_N]
        movs    r7, #0                  // the mean
        cmp     r6, #0
        bgt     .Lmean
        rsbs    r6, r6, #0
        mov     r10, r1
        ldm     r1!, {r2, r4, r5, r7}
        adds    r2, r2, r4
        adds    r5, r5, r7
        adds    r7, r2, r5
        cmp     r6, #4
        beq     1f
        ldm     r1!, {r0, r2, r4, r5}
        adds    r7, r7, r0
        adds    r7, r7, r2
        adds    r7, r7, r4
        adds    r7, r7, r5
1:      mov     r1, r10
        asrs    r5, r7, #31
        eors    r7, r5
        subs    r7, r7, r5
        lsrs    r4, r6, #1
        adds    r7, r7, r4
        lsrs    r4, r4, #1
        adds    r4, #1                  // 2 or 3
        lsrs    r7, r4
        eors    r7, r5
        subs    r7, r7, r5

.Lmean: // r1 x, r3 t, r7 = mean, r2 all magnitudes' bits, r4 r5 elements
        lsls    r4, r6, #2
        adds    r4, r4, r3
        mov     r9, r4
        movs    r2, #0
1:      ldm     r1!, {r4, r5}
        subs    r4, r4, r7
        subs    r5, r5, r7
        stm     r3!, {r4, r5}
        COLLECT r4
        COLLECT r5
        cmp     r3, r9
        bne     1b

        mov     r1, r8
        movs    r6, #0
        movs    r3, #0                  // the shift to the right that leaves 15 bits
        lsrs    r0, r2, #15
        bne     .Lmany_bits
        // less than 15: each t times a power of two, 2^6 at most
        cmp     r2, #0
        beq     .Lzero
        lsls    r2, r2, #17
1:      cmp     r2, #0
        blt     2f
        adds    r3, #1
        lsls    r2, r2, #1
        cmp     r3, #6
        bne     1b
2:      rsbs    r4, r3, #0
        mov     r10, r4
3:      ldr     r4, [r1]
        lsls    r4, r3
        stm     r1!, {r4}
        cmp     r1, r9
        bne     3b
        mov     r1, r8
        movs    r3, #0
        b       .Lshift
.Lzero:
        movs    r0, #0
        b       .Lout
.Leps_left:
        rsbs    r3, r3, #0
        lsls    r5, r3
        b       .Leps
        BEYOND  r4, even
        BEYOND  r5, odd

.Lmany_bits:
        adds    r3, #1
        lsrs    r0, r0, #1
        bne     .Lmany_bits
        mov     r10, r3
.Lshift: // r1 t, r2 g, r3 = shift to the right, r4 r5 elements, r6 = 0, r7 r0 scratch; r10 = shift, r11 sum of squares, r12 lr largest, least
        ldr     r2, [sp, #F_GAIN]
        ldr     r2, [r2]
        mov     r11, r6
        mov     r12, r6
        mov     lr, r6
1:      ldr     r4, [r1, #0]
        ldr     r5, [r1, #4]
        asrs    r4, r3
        asrs    r5, r3
        SQUARE  r4
        SQUARE  r5
        ldm     r2!, {r0}
        sxth    r7, r0
        muls    r4, r7
        asrs    r0, r0, #16
        muls    r5, r0
        asrs    r4, r4, #15
        adcs    r4, r6
        asrs    r5, r5, #15
        adcs    r5, r6
        stm     r1!, {r4, r5}
        ENDS    r4, even
        ENDS    r5, odd
        cmp     r1, r9
        bne     1b

        mov     r4, r12
        mov     r5, lr
        rsbs    r5, r5, #0
        cmp     r4, r5
        bge     1f
        movs    r4, r5
1:      // r4 = m
        ldr     r5, [sp, #F_EPS]
        mov     r3, r10
        adds    r3, #4
        lsls    r3, r3, #1
        bmi     .Leps_left
        lsrs    r5, r3                  // nothing is left of it from 32 on
.Leps:
        add     r5, r11
        cmp     r5, #0
        beq     .Lzero
        cmp     r4, #0
        beq     .Lzero
        movs    r3, #0                  // 15 - L
        lsls    r2, r4, #17
        bmi     2f
1:      adds    r3, #1
        lsls    r2, r2, #1
        bpl     1b
2:      lsrs    r2, r2, #17
        mov     lr, r2                  // m'
        movs    r0, #127
        lsls    r0, r0, #24
        lsrs    r0, r3                  // 127 << (L + 9)
        movs    r7, #0xd0
        lsls    r7, r7, #24
        str     r0, [r7, #DIVIDEND]
        str     r4, [r7, #DIVISOR]
        movs    r6, #0                  // j
        lsrs    r0, r5, #30
        bne     2f
1:      lsls    r5, r5, #2
        adds    r6, #1
        lsrs    r0, r5, #30
        beq     1b
2:      mov     r12, r6
        mov     r11, r5
        lsrs    r0, r5, #17             // the root, at most 6 % off
        lsrs    r1, r5, #19
        adds    r0, r0, r1
        ldr     r1, =24400
        adds    r0, r0, r1
        mov     r10, r0
        ldr     r1, [r7, #QUOTIENT]
        str     r5, [r7, #DIVIDEND]
        str     r0, [r7, #DIVISOR]

        // r0 t, r1 = inverse, r2 a, r3 = 15 - L, r4 = L + 9, r5 r6 elements, r7 = 0; r8 sum
        mov     r0, r8
        ldr     r2, [sp, #F_SCALED]
        ldr     r2, [r2]
        movs    r4, #24
        subs    r4, r4, r3
        movs    r7, #0
        mov     r8, r7
1:      ldm     r0!, {r5, r6}
        muls    r5, r1
        muls    r6, r1
        asrs    r5, r4
        adcs    r5, r7
        asrs    r6, r4
        adcs    r6, r7
        add     r8, r5
        add     r8, r6
        stm     r2!, {r5, r6}
        cmp     r0, r9
        bne     1b

        movs    r7, #0xd0
        lsls    r7, r7, #24
        ldr     r4, [r7, #QUOTIENT]
        add     r4, r10
        lsrs    r4, r4, #1
        mov     r5, r11
        str     r5, [r7, #DIVIDEND]
        str     r4, [r7, #DIVISOR]
        ldr     r0, [sp, #F_SCALED]
        ldr     r6, [sp, #F_GAIN]
        mov     r1, r8
        str     r1, [r0, #SCALED_SUM]
        nop
        nop
        ldr     r1, [r7, #QUOTIENT]
        adds    r4, r4, r1
        lsrs    r4, r4, #1              // never below the root, and at most 1 above
        lsrs    r1, r4, #16
        subs    r4, r4, r1              // 2^16 is 1 above
        movs    r1, r4
        muls    r1, r1
        cmp     r1, r5
        bls     1f
        subs    r4, #1
1:      ldrh    r1, [r6, #GAIN_C]
        mov     r2, lr
        muls    r1, r2
        str     r1, [r7, #DIVIDEND]
        str     r4, [r7, #DIVISOR]
        movs    r4, #GAIN_CE
        ldrsh   r4, [r6, r4]
        adds    r4, r4, r3
        mov     r5, r12
        subs    r4, r4, r5
        nop
        nop
        ldr     r1, [r7, #QUOTIENT]     // 14 to 16 bits
        b       2f
1:      lsls    r1, r1, #1
        adds    r4, #1
2:      lsrs    r2, r1, #15
        beq     1b
        str     r1, [r0, #SCALED_AM]
        str     r4, [r0, #SCALED_AE]
        movs    r0, #1
.Lout:
        add     sp, #8
        RETURN

        .ltorg
        .size   sm_norm_few_m0, . - sm_norm_few_m0
