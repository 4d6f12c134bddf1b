// SiLU and SwiGLU for the Cortex-M0+ (activation.h), with the largest magnitude on the way.
//
// uint32_t sm_silu_m0(int32_t *t, const int32_t *z, uint32_t n, const struct sm_sigmoid *s)
// uint32_t sm_swiglu_m0(int32_t *t, const int32_t *z, const int32_t *up, uint32_t n, const struct sm_sigmoid *s)
//
// Same bits as the portable ones for s->left = 0. 28 cycles per element for silu (z 2, clamp 4, index 2, its limit 3, table 3,
// product 3, store 2, largest 6, loop 3), 39 for swiglu; a little more where z, up or the index must be clamped.
//
// z + 32767 is in 0..65534 exactly when z needs no clamp, and from there the index is one addition and a shift away.
//
// Registers: r0 t, r1 z, r2 up, r3 = right, r4 = table, r5 = 32767, r6 value, r7 scratch; r8 = 65534,
// r9 = offset - 32767, r10 = end of t, r11 largest |t| so far, r12 = 1023, lr = 1 << 14.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"

// \value clamped to +-32767, and r7 = that + 32767. 4 cycles in range.
.macro  CLAMP   value
        adds    r7, \value, r5
        cmp     r7, r8
        bls     .Lclamped\@
        cmp     \value, #0
        bge     .Labove\@
        movs    r7, #0
        rsbs    \value, r5, #0
        b       .Lclamped\@
.Labove\@:
        mov     r7, r8
        mov     \value, r5
.Lclamped\@:
.endm

// r6 = rshift(z sigma(z), 15) of the next z.
.macro  SILU
        ldm     r1!, {r6}
        CLAMP   r6
        add     r7, r9
        asrs    r7, r3
        cmp     r7, r12
        bls     .Lindex\@
        mvns    r7, r7                  // below 0: 0; above 1023: 1023
        asrs    r7, r7, #31
        lsrs    r7, r7, #22
.Lindex\@:
        lsls    r7, r7, #1
        ldrh    r7, [r4, r7]
        muls    r6, r7
        add     r6, lr
        asrs    r6, r6, #15
.endm

// r6 -> t, and its magnitude to the largest so far. Spoils r6, r7.
.macro  KEEP
        stm     r0!, {r6}
        asrs    r7, r6, #31
        eors    r6, r7
        subs    r6, r6, r7
        cmp     r6, r11
        bls     .Lkept\@
        mov     r11, r6
.Lkept\@:
.endm

// r2 = n, r3 = sigmoid -> all registers but r1, r2.
.macro  PREPARE
        lsls    r4, r2, #2
        adds    r4, r4, r0
        mov     r10, r4
        ldr     r4, [r3, #0]
        ldr     r6, [r3, #12]           // offset
        ldr     r3, [r3, #8]            // right
        movs    r5, #1
        lsls    r5, r5, #14
        mov     lr, r5
        lsls    r5, r5, #1
        subs    r5, #1
        lsls    r7, r5, #1
        mov     r8, r7
        subs    r6, r6, r5
        mov     r9, r6
        movs    r7, #0
        mov     r11, r7
        mvns    r7, r7
        lsrs    r7, r7, #22
        mov     r12, r7
.endm

        .section .time_critical.sm_silu_m0, "ax"
        .align  2
        .global sm_silu_m0
        .type   sm_silu_m0, %function
        .thumb_func
sm_silu_m0:
        SAVE_REGISTERS
        PREPARE
.Lsilu:
        SILU
        KEEP
        cmp     r0, r10
        bne     .Lsilu
        mov     r0, r11
        RETURN
        .size   sm_silu_m0, . - sm_silu_m0

        .section .time_critical.sm_swiglu_m0, "ax"
        .align  2
        .global sm_swiglu_m0
        .type   sm_swiglu_m0, %function
        .thumb_func
sm_swiglu_m0:
        SAVE_REGISTERS
        mov     r4, r2                  // up
        push    {r4}
        mov     r2, r3
        ldr     r3, [sp, #40]           // sigmoid: above ten saved registers
        PREPARE
        pop     {r2}
.Lswiglu:
        SILU
        str     r6, [r0]
        ldm     r2!, {r6}
        CLAMP   r6
        ldr     r7, [r0]
        muls    r6, r7
        KEEP
        cmp     r0, r10
        bne     .Lswiglu
        mov     r0, r11
        RETURN
        .size   sm_swiglu_m0, . - sm_swiglu_m0
