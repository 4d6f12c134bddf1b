// Element-wise passes for the Cortex-M0+; the bounds they hold for are in vector.h.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"

// ---------------------------------------------------------------------------------------------------------------------
// int32_t sm_scale_m0(int32_t *out, const int32_t *t, uint32_t n, uint32_t shift, uint32_t inverse, uint32_t down)
//
// 8.75 cycles per element: LDM 1.5, shift, product, half, shift, sum, STM 1.5, loop 0.75. Without a shift, four at a time, 7.25.
// Registers: r0 out, r1 t, r2 = shift, r3 = inverse, r4 = down, r5 r6 values, r8 = half, r9 sum, r10 = end of t; without a shift
// r2 and r7 are values too.

.macro  SCALE2
        ldm     r1!, {r5, r6}
        asrs    r5, r2
        muls    r5, r3
        add     r5, r8
        asrs    r5, r4
        add     r9, r5
        asrs    r6, r2
        muls    r6, r3
        add     r6, r8
        asrs    r6, r4
        add     r9, r6
        stm     r0!, {r5, r6}
.endm

        .section .time_critical.sm_scale_m0, "ax"
        .align  2
        .global sm_scale_m0
        .type   sm_scale_m0, %function
        .thumb_func
sm_scale_m0:
        SAVE_REGISTERS
        lsls    r4, r2, #2
        adds    r4, r4, r1
        mov     r10, r4
        movs    r2, r3
        ldr     r3, [sp, #36]           // inverse: above nine saved registers
        ldr     r4, [sp, #40]           // down
        movs    r5, #1
        lsls    r5, r4
        lsrs    r5, r5, #1
        mov     r8, r5
        movs    r5, #0
        mov     r9, r5
        cmp     r2, #0
        beq     .Lscale4
.Lscale:
        SCALE2
        SCALE2
        cmp     r1, r10
        bne     .Lscale
.Lscaled:
        mov     r0, r9
        RETURN
.Lscale4:
        ldm     r1!, {r2, r5, r6, r7}
        .irp    value, r2, r5, r6, r7
        muls    \value, r3
        add     \value, r8
        asrs    \value, r4
        add     r9, \value
        .endr
        stm     r0!, {r2, r5, r6, r7}
        cmp     r1, r10
        bne     .Lscale4
        b       .Lscaled
        .size   sm_scale_m0, . - sm_scale_m0

// ---------------------------------------------------------------------------------------------------------------------
// void sm_scale_plain_m0(int32_t *out, const int32_t *t, uint32_t n, uint32_t inverse, uint32_t down)
//
// The same without a shift and without the sum: 6.25 cycles per element.
// Registers: r0 out, r1 t, r2 = down, r3 = inverse, r4..r7 values, r12 = end of t, lr = half.

        .section .time_critical.sm_scale_plain_m0, "ax"
        .align  2
        .global sm_scale_plain_m0
        .type   sm_scale_plain_m0, %function
        .thumb_func
sm_scale_plain_m0:
        push    {r4-r7, lr}
        lsls    r2, r2, #2
        adds    r2, r2, r1
        mov     r12, r2
        ldr     r2, [sp, #20]           // down
        movs    r4, #1
        lsls    r4, r2
        lsrs    r4, r4, #1
        mov     lr, r4
.Lscale_plain:
        ldm     r1!, {r4-r7}
        .irp    value, r4, r5, r6, r7
        muls    \value, r3
        add     \value, lr
        asrs    \value, r2
        .endr
        stm     r0!, {r4-r7}
        cmp     r1, r12
        bne     .Lscale_plain
        pop     {r4-r7, pc}
        .size   sm_scale_plain_m0, . - sm_scale_plain_m0

// ---------------------------------------------------------------------------------------------------------------------
// uint32_t sm_gain_m0(int32_t *t, const int32_t *x, const int16_t *g, uint32_t n, int32_t shift, uint32_t *largest)
//
// 19 cycles per element: x 1.5, shift 1, square 4, g 3, product and its shift 3, store 1.5, ends 4, loop and 1 more. ASR leaves the bit that
// decides about rounding in the carry, so ASR and ADC with 0 is a rounded shift. Two of g are loaded at once: g is 4-byte
// aligned. A shift to the left, which only a tiny residual needs, is a product with 2^-shift in a loop of its own, 25 cycles.
//
// Registers: r0 t, r1 x, r2 g, r3 = shift to the right, r4 r5 u, r6 = 0, r7 scratch; r8 sum of squares, r9 = 2^(shift to the
// left), r10 = end of t's pairs, r11 largest (at least 0), r12 least (at most 0), lr 1 for one more element.

// rshift(\u, 4)^2 to the sum. 4 cycles.
.macro  SQUARE  u
        asrs    r7, \u, #4
        adcs    r7, r6
        muls    r7, r7
        add     r8, r7
.endm

.macro  GAIN_ENDS value, name
        cmp     \value, r11
        bgt     .Lmost_\name
        cmp     \value, r12
        blt     .Lleast_\name
.Lwithin_\name:
.endm

.macro  GAIN_BEYOND value, name
.Lmost_\name:
        mov     r11, \value
        b       .Lwithin_\name
.Lleast_\name:
        mov     r12, \value
        b       .Lwithin_\name
.endm

// One element. 22 cycles.
.macro  GAIN1   name
        ldm     r1!, {r4}
        asrs    r4, r3
        mov     r7, r9
        muls    r4, r7
        SQUARE  r4
        movs    r7, #0
        ldrsh   r7, [r2, r7]
        adds    r2, #2
        muls    r4, r7
        asrs    r4, r4, #15
        adcs    r4, r6
        stm     r0!, {r4}
        GAIN_ENDS r4, \name
.endm

        .section .time_critical.sm_gain_m0, "ax"
        .align  2
        .global sm_gain_m0
        .type   sm_gain_m0, %function
        .thumb_func
sm_gain_m0:
        SAVE_REGISTERS
        movs    r6, #1
        movs    r7, r3                  // n
        ands    r6, r7
        mov     lr, r6
        ldr     r3, [sp, #36]           // shift: above nine saved registers
        movs    r5, #1
        cmp     r3, #0
        bge     1f
        rsbs    r4, r3, #0
        lsls    r5, r4
        movs    r3, #0
1:      mov     r9, r5
        lsls    r4, r7, #2
        adds    r4, r4, r0
        movs    r6, #0
        mov     r8, r6
        mov     r11, r6
        mov     r12, r6
        cmp     r5, #1
        bne     .Lgain_left
        mov     r7, lr
        lsls    r7, r7, #2
        subs    r4, r4, r7
        mov     r10, r4
        cmp     r0, r10
        beq     .Lgain_last
.Lgain:
        ldm     r1!, {r4, r5}
        asrs    r4, r3
        asrs    r5, r3
        SQUARE  r4
        SQUARE  r5
        ldm     r2!, {r7}
        sxth    r6, r7
        muls    r4, r6
        asrs    r7, r7, #16
        muls    r5, r7
        movs    r6, #0
        asrs    r4, r4, #15
        adcs    r4, r6
        asrs    r5, r5, #15
        adcs    r5, r6
        stm     r0!, {r4, r5}
        GAIN_ENDS r4, even
        GAIN_ENDS r5, odd
        cmp     r0, r10
        bne     .Lgain
.Lgain_last:
        mov     r7, lr
        cmp     r7, #0
        beq     .Lgained
        GAIN1   last
.Lgained:
        mov     r0, r11
        mov     r1, r12
        rsbs    r1, r1, #0
        cmp     r0, r1
        bge     1f
        movs    r0, r1
1:      ldr     r1, [sp, #40]
        str     r0, [r1]
        mov     r0, r8
        RETURN
.Lgain_left:
        mov     r10, r4
1:      GAIN1   left
        cmp     r0, r10
        bne     1b
        b       .Lgained
        GAIN_BEYOND r4, even
        GAIN_BEYOND r5, odd
        GAIN_BEYOND r4, last
        GAIN_BEYOND r4, left
        .size   sm_gain_m0, . - sm_gain_m0

// ---------------------------------------------------------------------------------------------------------------------
// uint32_t sm_largest_m0(const int32_t *t, uint32_t n)
//
// 6 cycles per element, four at a time: load 1.25, comparison with the largest and with the least so far 4, loop 0.75; 2 more
// for each above them and 4 for each below, out of the way; 10 for each of the rest.
//
// Registers: r0 t, r1 largest (at least 0), r2..r5 values, r6 least (at most 0), r12 end of whole fours, lr end.

.macro  ENDS    value, name
        cmp     \value, r1
        bgt     .Labove_\name
        cmp     \value, r6
        blt     .Lbelow_\name
.Lseen_\name:
.endm

.macro  BEYOND  value, name
.Labove_\name:
        movs    r1, \value
        b       .Lseen_\name
.Lbelow_\name:
        movs    r6, \value
        b       .Lseen_\name
.endm

        .section .time_critical.sm_largest_m0, "ax"
        .align  2
        .global sm_largest_m0
        .type   sm_largest_m0, %function
        .thumb_func
sm_largest_m0:
        push    {r4-r6, lr}
        lsls    r2, r1, #2
        adds    r2, r2, r0
        mov     lr, r2                  // end
        lsrs    r2, r1, #2
        lsls    r2, r2, #4
        adds    r2, r2, r0
        mov     r12, r2                 // end of whole fours
        movs    r1, #0
        movs    r6, #0
        cmp     r0, r12
        beq     .Llargest_rest
.Llargest:
        ldm     r0!, {r2-r5}
        ENDS    r2, 0
        ENDS    r3, 1
        ENDS    r4, 2
        ENDS    r5, 3
        cmp     r0, r12
        bne     .Llargest
.Llargest_rest:
        cmp     r0, lr
        beq     .Llargest_done
        ldm     r0!, {r2}
        ENDS    r2, rest
        b       .Llargest_rest
.Llargest_done:
        rsbs    r0, r6, #0              // 2^31 when the least is -2^31
        cmp     r0, r1
        bhs     1f
        movs    r0, r1
1:      pop     {r4-r6, pc}
        BEYOND  r2, 0
        BEYOND  r3, 1
        BEYOND  r4, 2
        BEYOND  r5, 3
        BEYOND  r2, rest
        .size   sm_largest_m0, . - sm_largest_m0

// ---------------------------------------------------------------------------------------------------------------------
// uint32_t sm_argmax_m0(const int32_t *values, uint32_t n)
//
// One pass, 3.6 cycles per element, eight at a time: LDM 1.25, comparison 2, loop 0.4; 5 more for each that is larger than all before it;
// 7 for each of the rest, 10 where larger. What is kept is the largest and where its four ends, so that only these are looked through for where it stands.
//
// Registers: r0 values, r1 end of whole eights, r2 end of the four with the largest, r3..r6 values, r7 largest, r12 = values,
// lr end.

.macro  COMPARE value, name
        cmp     \value, r7
        bgt     .Largmax_above_\name
.Largmax_next_\name:
.endm

.macro  ABOVE   value, name
.Largmax_above_\name:
        movs    r7, \value
        movs    r2, r0
        b       .Largmax_next_\name
.endm

        .section .time_critical.sm_argmax_m0, "ax"
        .align  2
        .global sm_argmax_m0
        .type   sm_argmax_m0, %function
        .thumb_func
sm_argmax_m0:
        push    {r4-r7, lr}
        mov     r12, r0
        lsls    r2, r1, #2
        adds    r2, r2, r0
        mov     lr, r2
        ldr     r7, [r0]
        movs    r2, r0
        adds    r2, #4
        lsrs    r1, r1, #3
        lsls    r1, r1, #5
        adds    r1, r1, r0
        cmp     r0, r1
        beq     .Largmax_rest
.Largmax:
        ldm     r0!, {r3-r6}
        COMPARE r3, 0
        COMPARE r4, 1
        COMPARE r5, 2
        COMPARE r6, 3
        ldm     r0!, {r3-r6}
        COMPARE r3, 4
        COMPARE r4, 5
        COMPARE r5, 6
        COMPARE r6, 7
        cmp     r0, r1
        bne     .Largmax
.Largmax_rest:
        cmp     r0, lr
        beq     .Largmax_find
        ldm     r0!, {r3}
        cmp     r3, r7
        ble     .Largmax_rest
        movs    r7, r3
        movs    r2, r0
        b       .Largmax_rest
        ABOVE   r3, 0
        ABOVE   r4, 1
        ABOVE   r5, 2
        ABOVE   r6, 3
        ABOVE   r3, 4
        ABOVE   r4, 5
        ABOVE   r5, 6
        ABOVE   r6, 7
.Largmax_find: // in the four words before r2, or in fewer where the values begin; the first of equals
        movs    r0, r2
        subs    r0, #16
        cmp     r0, r12
        bhs     1f
        mov     r0, r12
1:      ldm     r0!, {r3}
        cmp     r3, r7
        bne     1b
        mov     r1, r12
        subs    r0, r0, r1
        lsrs    r0, r0, #2
        subs    r0, #1
        pop     {r4-r7, pc}
        .size   sm_argmax_m0, . - sm_argmax_m0

// ---------------------------------------------------------------------------------------------------------------------
// void sm_add_m0(int32_t *x, const int32_t *y, uint32_t n)
//
// 6.75 cycles per element, four at a time; 11 for each of the rest. Registers: r0 x, r1 y, r2..r5 values, r12 end, lr where whole
// fours end.

        .section .time_critical.sm_add_m0, "ax"
        .align  2
        .global sm_add_m0
        .type   sm_add_m0, %function
        .thumb_func
sm_add_m0:
        push    {r4-r7, lr}
        lsls    r2, r2, #2
        adds    r2, r2, r0
        mov     r12, r2                 // end
        subs    r2, #15                 // a four may begin below
        mov     lr, r2
        cmp     r0, lr
        bhs     .Ladd_rest
.Ladd:
        ldr     r2, [r0, #0]
        ldr     r3, [r0, #4]
        ldm     r1!, {r4, r5}
        adds    r2, r2, r4
        adds    r3, r3, r5
        stm     r0!, {r2, r3}
        ldr     r2, [r0, #0]
        ldr     r3, [r0, #4]
        ldm     r1!, {r4, r5}
        adds    r2, r2, r4
        adds    r3, r3, r5
        stm     r0!, {r2, r3}
        cmp     r0, lr
        blo     .Ladd
.Ladd_rest:
        cmp     r0, r12
        beq     .Ladded
        ldr     r2, [r0]
        ldm     r1!, {r4}
        adds    r2, r2, r4
        stm     r0!, {r2}
        b       .Ladd_rest
.Ladded:
        pop     {r4-r7, pc}
        .size   sm_add_m0, . - sm_add_m0
