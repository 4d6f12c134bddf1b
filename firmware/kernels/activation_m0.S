// SiLU and SwiGLU for the Cortex-M0+ (activation.h), with the largest magnitude on the way.
//
// uint32_t sm_silu_m0(int32_t *t, const int32_t *z, uint32_t n, const struct sm_sigmoid *s)
// uint32_t sm_swiglu_m0(int32_t *t, const int32_t *z, const int32_t *up, uint32_t n, const struct sm_sigmoid *s)
//
// Same bits as the portable ones for s->left = 0. 23.5 cycles per element for silu (z 1.5, clamp 3, index 2, its limit 2,
// table 3, product 3, store 1.5, largest 6, loop 1.5), 36 for swiglu; more where z, up or the index must be clamped.
//
// z + 32767 is in 0..65534 exactly when z needs no clamp, and from there the index is one addition and a shift away.
//
// Registers: r0 t, r1 z, r2 second z or up, r3 = right, r4 = table, r5 = 32767, r6 value, r7 scratch; r8 = 65534,
// r9 = offset - 32767, r10 = end of t, r11 largest |t| so far, r12 = 1023, lr = 1 << 14.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"

// \value clamped to +-32767, and r7 = that + 32767. 3 cycles in range; the rest is CLAMP_REST, out of the way.
.macro  CLAMP   value, name
        adds    r7, \value, r5
        cmp     r7, r8
        bhi     .Lout_\name
.Lin_\name:
.endm

.macro  CLAMP_REST value, name
.Lout_\name:
        cmp     \value, #0
        bge     .Labove_\name
        movs    r7, #0
        rsbs    \value, r5, #0
        b       .Lin_\name
.Labove_\name:
        mov     r7, r8
        mov     \value, r5
        b       .Lin_\name
.endm

// \z = rshift(z sigma(z), 15). 13 cycles in range.
.macro  SILU    z, name
        CLAMP   \z, \name
        add     r7, r9
        asrs    r7, r3
        cmp     r7, r12
        bhi     .Lbeyond_\name
.Lindex_\name:
        lsls    r7, r7, #1
        ldrh    r7, [r4, r7]
        muls    \z, r7
        add     \z, lr
        asrs    \z, \z, #15
.endm

.macro  SILU_REST z, name
        CLAMP_REST \z, \name
.Lbeyond_\name:
        mvns    r7, r7                  // below 0: 0; above 1023: 1023
        asrs    r7, r7, #31
        lsrs    r7, r7, #22
        b       .Lindex_\name
.endm

// |\value| to the largest so far. Spoils \value, r7. 6 cycles.
.macro  KEEP    value
        asrs    r7, \value, #31
        eors    \value, r7
        subs    \value, \value, r7
        cmp     \value, r11
        bls     .Lkept\@
        mov     r11, \value
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
        lsrs    r2, r2, #1
        bcc     .Lsilu_pairs            // an odd one first
        ldm     r1!, {r6}
        SILU    r6, silu_first
        stm     r0!, {r6}
        KEEP    r6
.Lsilu_pairs:
        cmp     r0, r10
        beq     .Lsilu_done
.Lsilu:
        ldm     r1!, {r2, r6}
        SILU    r2, silu_even
        SILU    r6, silu_odd
        stm     r0!, {r2, r6}
        KEEP    r2
        KEEP    r6
        cmp     r0, r10
        bne     .Lsilu
.Lsilu_done:
        mov     r0, r11
        RETURN
        SILU_REST r6, silu_first
        SILU_REST r2, silu_even
        SILU_REST r6, silu_odd
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
        ldm     r1!, {r6}
        SILU    r6, gate
        str     r6, [r0]
        ldm     r2!, {r6}
        CLAMP   r6, up
        ldr     r7, [r0]
        muls    r6, r7
        stm     r0!, {r6}
        KEEP    r6
        cmp     r0, r10
        bne     .Lswiglu
        mov     r0, r11
        RETURN
        SILU_REST r6, gate
        CLAMP_REST r6, up
        .size   sm_swiglu_m0, . - sm_swiglu_m0
