// SiLU and SwiGLU for the Cortex-M0+ (activation.h), with the largest magnitude on the way.
//
// uint32_t sm_silu_m0(int32_t *t, const int32_t *z, uint32_t n, const struct sm_sigmoid *s)
// uint32_t sm_swiglu_m0(int32_t *t, const int32_t *z, const int32_t *up, uint32_t n, const struct sm_sigmoid *s)
//
// Same bits as the portable ones for s->left = 0, s->right <= 15, and for silu a table of the sigmoid. 17.5 cycles per element for silu
// (z 1.5, index 2, its limits 2, table 3, product 3, store 1.5, largest 2, loop 1.5 and 1), 32 for swiglu; more where z, up or
// the index must be clamped.
//
// An index of s->first to s->first + s->span says that z needs no clamp, neither to +-32767 nor to the table. So one
// comparison serves both, and what fails it is done out of the way. What silu gives below 0 is no larger than 0.2785 of one:
// only results above 0 are looked at, and all of them again should they stay below 0.375 of one.
//
// Registers: r0 t, r1 z, r2 second z or up, r3 = right, r4 = table + first, r5 = offset less first, r6 value, r7 index;
// r8 = span, r9 = 32767, r10 = end of t, r11 largest so far, r12 silu of the gate, lr = 1 << 14.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"

// \z = rshift(z sigma(z), 15). 12 cycles in range; BEYOND is the rest.
.macro  SILU    z, name
        adds    r7, \z, r5
        asrs    r7, r3
        cmp     r7, r8
        bhi     .Lbeyond_\name
.Lindex_\name:
        lsls    r7, r7, #1
        ldrh    r7, [r4, r7]
        muls    \z, r7
        add     \z, lr
        asrs    \z, \z, #15
.endm

.macro  BEYOND  z, name
.Lbeyond_\name:
        cmp     \z, #0
        bge     .Labove_\name
        mov     r7, r9
        cmn     \z, r7
        bge     .Lbelow_\name
        rsbs    \z, r7, #0
.Lbelow_\name:
        adds    r7, \z, r5
        asrs    r7, r3
        bpl     .Lindex_\name
        movs    r7, #0
        mvns    r7, r7                  // the entry before the first
        b       .Lindex_\name
.Labove_\name:
        cmp     \z, r9
        ble     .Lwithin_\name
        mov     \z, r9
.Lwithin_\name:
        adds    r7, \z, r5
        asrs    r7, r3
        cmp     r7, r8
        ble     .Lindex_\name
        mov     r7, r8                  // the one after the last
        adds    r7, #1
        b       .Lindex_\name
.endm

// The larger of \value and the largest so far. 2 cycles where it is not; LARGER is the rest.
.macro  KEEP    value, name
        cmp     \value, r11
        bgt     .Llarger_\name
.Lkept_\name:
.endm

.macro  LARGER  value, name
.Llarger_\name:
        mov     r11, \value
        b       .Lkept_\name
.endm

// r2 = n, r3 = sigmoid -> all registers but r1, r2, r6.
.macro  PREPARE
        lsls    r4, r2, #2
        adds    r4, r4, r0
        mov     r10, r4
        ldr     r4, [r3, #0]
        ldr     r5, [r3, #20]           // span
        mov     r8, r5
        ldr     r5, [r3, #12]           // offset
        ldr     r7, [r3, #16]           // first
        ldr     r3, [r3, #8]            // right
        adds    r4, r4, r7
        adds    r4, r4, r7
        lsls    r7, r3
        subs    r5, r5, r7
        movs    r7, #1
        lsls    r7, r7, #14
        mov     lr, r7
        lsls    r7, r7, #1
        subs    r7, #1
        mov     r9, r7
        movs    r7, #0
        mov     r11, r7
.endm

        .section .time_critical.sm_silu_m0, "ax"
        .align  2
        .global sm_silu_m0
        .type   sm_silu_m0, %function
        .thumb_func
sm_silu_m0:
        SAVE_REGISTERS
        push    {r0, r2}
        PREPARE
        lsrs    r2, r2, #1
        bcc     .Lsilu_pairs            // an odd one first
        ldm     r1!, {r6}
        SILU    r6, silu_first
        stm     r0!, {r6}
        KEEP    r6, silu_first
.Lsilu_pairs:
        cmp     r0, r10
        beq     .Lsilu_done
.Lsilu:
        ldm     r1!, {r2, r6}
        SILU    r2, silu_even
        SILU    r6, silu_odd
        stm     r0!, {r2, r6}
        KEEP    r2, silu_even
        KEEP    r6, silu_odd
        cmp     r0, r10
        bne     .Lsilu
.Lsilu_done:
        movs    r4, #3
        lsls    r4, r3
        lsls    r4, r4, #3              // 0.375 of one
        mov     r0, r11
        cmp     r0, r4
        bge     1f
        ldr     r0, [sp, #0]
        ldr     r1, [sp, #4]
        bl      sm_largest_m0
1:      add     sp, #8
        RETURN
        BEYOND  r6, silu_first
        BEYOND  r2, silu_even
        BEYOND  r6, silu_odd
        LARGER  r6, silu_first
        LARGER  r2, silu_even
        LARGER  r6, silu_odd
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
        mov     r12, r6
        ldm     r2!, {r6}
        mov     r7, r9
        cmp     r6, r7
        bgt     .Lup_beyond
        cmn     r6, r7
        blt     .Lup_beyond
.Lup:
        mov     r7, r12
        muls    r6, r7
        stm     r0!, {r6}
        asrs    r7, r6, #31
        eors    r6, r7
        subs    r6, r6, r7
        cmp     r6, r11
        bhi     .Lswiglu_larger
.Lswiglu_next:
        cmp     r0, r10
        bne     .Lswiglu
        mov     r0, r11
        RETURN
.Lswiglu_larger:
        mov     r11, r6
        b       .Lswiglu_next
        BEYOND  r6, gate
.Lup_beyond:
        mov     r7, r9
        cmp     r6, #0
        bge     1f
        rsbs    r7, r7, #0
1:      movs    r6, r7
        b       .Lup
        .size   sm_swiglu_m0, . - sm_swiglu_m0
