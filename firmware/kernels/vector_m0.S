// Element-wise passes for the Cortex-M0+ (vector.h).

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"

// ---------------------------------------------------------------------------------------------------------------------
// int32_t sm_scale_m0(int32_t *out, const int32_t *t, uint32_t n, uint32_t shift, uint32_t inverse, uint32_t down)
//
// 8.75 cycles per element: LDM 1.5, shift, product, half, shift, sum, STM 1.5, loop 0.75.
// Registers: r0 out, r1 t, r2 = shift, r3 = inverse, r4 = down, r5 r6 values, r8 = half, r9 sum, r10 = end of t.

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
.Lscale:
        SCALE2
        SCALE2
        cmp     r1, r10
        bne     .Lscale
        mov     r0, r9
        RETURN
        .size   sm_scale_m0, . - sm_scale_m0

// ---------------------------------------------------------------------------------------------------------------------
// uint32_t sm_gain_m0(int32_t *t, const int32_t *x, const int16_t *g, uint32_t n, int32_t shift, uint32_t *largest)
//
// 25 cycles per element: x 2, shift 1 or 2, square 4, g 2, product 3, store 2, largest 6, loop 4. The shift to the left is
// a product with 2^-shift, so that one loop serves both.
//
// Registers: r0 t, r1 x, r2 g, r3 = shift to the right, r4 offset of g, r5 u, r6 r7 scratch; r8 sum of squares,
// r9 = 2^(shift to the left), r10 = end of g's offsets, r11 largest, r12 = 1 << 14.

        .section .time_critical.sm_gain_m0, "ax"
        .align  2
        .global sm_gain_m0
        .type   sm_gain_m0, %function
        .thumb_func
sm_gain_m0:
        SAVE_REGISTERS
        lsls    r4, r3, #1
        mov     r10, r4
        ldr     r3, [sp, #36]           // shift: above nine saved registers
        movs    r5, #1
        cmp     r3, #0
        bge     1f
        rsbs    r4, r3, #0
        lsls    r5, r4
        movs    r3, #0
1:      mov     r9, r5
        movs    r5, #1
        lsls    r5, r5, #14
        mov     r12, r5
        movs    r4, #0
        mov     r8, r4
        mov     r11, r4
.Lgain:
        ldm     r1!, {r5}
        asrs    r5, r3
        mov     r6, r9
        muls    r5, r6                  // u
        movs    r7, r5
        adds    r7, #8
        asrs    r7, r7, #4
        muls    r7, r7
        add     r8, r7
        ldrsh   r6, [r2, r4]
        muls    r5, r6
        add     r5, r12
        asrs    r5, r5, #15
        stm     r0!, {r5}
        asrs    r7, r5, #31
        eors    r5, r7
        subs    r5, r5, r7
        cmp     r5, r11
        bls     1f
        mov     r11, r5
1:      adds    r4, #2
        cmp     r4, r10
        bne     .Lgain
        ldr     r1, [sp, #40]
        mov     r0, r11
        str     r0, [r1]
        mov     r0, r8
        RETURN
        .size   sm_gain_m0, . - sm_gain_m0

// ---------------------------------------------------------------------------------------------------------------------
// uint32_t sm_largest_m0(const int32_t *t, uint32_t n)
//
// 11 cycles per element: load 2, magnitude 3, comparison 3, loop 3.

        .section .time_critical.sm_largest_m0, "ax"
        .align  2
        .global sm_largest_m0
        .type   sm_largest_m0, %function
        .thumb_func
sm_largest_m0:
        push    {r4, lr}
        lsls    r1, r1, #2
        adds    r1, r1, r0
        movs    r4, #0
.Llargest:
        ldm     r0!, {r2}
        asrs    r3, r2, #31
        eors    r2, r3
        subs    r2, r2, r3
        cmp     r2, r4
        bls     1f
        movs    r4, r2
1:      cmp     r0, r1
        bne     .Llargest
        movs    r0, r4
        pop     {r4, pc}
        .size   sm_largest_m0, . - sm_largest_m0

// ---------------------------------------------------------------------------------------------------------------------
// uint32_t sm_argmax_m0(const int32_t *values, uint32_t n)
//
// One pass for the largest, 5 cycles per element, and one to find where it first stands, 5 per element up to there.

        .section .time_critical.sm_argmax_m0, "ax"
        .align  2
        .global sm_argmax_m0
        .type   sm_argmax_m0, %function
        .thumb_func
sm_argmax_m0:
        push    {r4-r7, lr}
        mov     r12, r0
        lsls    r2, r1, #2
        adds    r2, r2, r0              // end
        ldr     r7, [r0]                // largest
        lsrs    r1, r1, #2
        lsls    r1, r1, #4
        adds    r1, r1, r0              // end of whole fours
        cmp     r0, r1
        beq     .Largmax_rest
.Largmax:
        ldm     r0!, {r3-r6}
        cmp     r3, r7
        ble     1f
        mov     r7, r3
1:      cmp     r4, r7
        ble     1f
        mov     r7, r4
1:      cmp     r5, r7
        ble     1f
        mov     r7, r5
1:      cmp     r6, r7
        ble     1f
        mov     r7, r6
1:      cmp     r0, r1
        bne     .Largmax
.Largmax_rest:
        cmp     r0, r2
        beq     .Largmax_find
        ldm     r0!, {r3}
        cmp     r3, r7
        ble     .Largmax_rest
        mov     r7, r3
        b       .Largmax_rest
.Largmax_find:
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
