// SiLU and SwiGLU for the Cortex-M0+ (activation.h), with the largest magnitude on the way.
//
// uint32_t sm_silu_m0(int32_t *t, const int32_t *z, uint32_t n, const struct sm_sigmoid *s)
// uint32_t sm_swiglu_m0(int32_t *t, const int32_t *z, const int32_t *up, uint32_t n, const struct sm_sigmoid *s)
//
// Same bits as the portable ones for s->left = 0, s->right <= 15, and for silu a table of the sigmoid. 13.75 cycles per element for silu
// (z 1.5, index 2, its limits and the largest 2, table 3, product 3, store 1.5, loop 0.75), 32 for swiglu; more where z, up or
// the index must be clamped.
//
// An index of s->first to s->first + s->span says that z needs no clamp, neither to +-32767 nor to the table. So one
// comparison serves both, and what fails it is done out of the way.
//
// SiLU's one comparison also finds the largest z: z + offset less first, unsigned, is compared with that of the largest z so far, at
// least 0; what is beyond is a larger z, or one out of range, below too, as that is negative. The largest z above 0 has the
// largest t. What silu gives below 0 is no larger than 0.2785 of one: all t are looked at again only should that stay below 0.375 of one.
//
// Registers of swiglu: r0 t, r1 z, r2 up, r3 = right, r4 = table + first, r5 = offset less first, r6 value, r7 index;
// r8 = span, r9 = 32767, r10 = end of t, r11 largest so far, r12 silu of the gate, lr = 1 << 14. Of silu: below.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"

// \z = rshift(z sigma(z), 15). 10 cycles in range; BEYOND is the rest.
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

// r0 t, r1 z, r2 = right, r3 = table + first, r4 = offset less first, r5 r6 values, r7 index; r8 = largest z + r4 so far, r9 = the
// largest of it that is in range, r10 = end of t, r11 value on its way to .Lout_of_range, r12 = 1 << 14.
        .equ    F_T, 0
        .equ    F_N, 4
        .equ    F_CLAMPED, 8            // the largest z of those above the range, clamped; or 0

// \z = rshift(z sigma(z), 15). 10 cycles in range; OUT is the rest.
.macro  SILU_NEXT z, name
        adds    r7, \z, r4
        cmp     r7, r8
        bhi     .Lout_\name
.Lin_\name:
        asrs    r7, r2
        lsls    r7, r7, #1
        ldrh    r7, [r3, r7]
        muls    \z, r7
        add     \z, r12
        asrs    \z, \z, #15
.endm

.macro  OUT     z, name
.Lout_\name:
        cmp     r7, r9
        bhi     1f
        mov     r8, r7
        b       .Lin_\name
1:      mov     r11, \z
        bl      .Lout_of_range
        mov     \z, r11
        b       .Lin_\name
.endm

        .section .time_critical.sm_silu_m0, "ax"
        .align  2
        .global sm_silu_m0
        .type   sm_silu_m0, %function
        .thumb_func
sm_silu_m0:
        SAVE_REGISTERS
        sub     sp, #12
        str     r0, [sp, #F_T]
        str     r2, [sp, #F_N]
        movs    r7, #0
        str     r7, [sp, #F_CLAMPED]
        lsls    r7, r2, #2
        adds    r7, r7, r0
        mov     r10, r7
        movs    r5, r2                  // n
        ldr     r2, [r3, #8]            // right
        ldr     r4, [r3, #12]           // offset
        ldr     r6, [r3, #16]           // first
        ldr     r7, [r3, #20]           // span
        ldr     r3, [r3, #0]
        adds    r3, r3, r6
        adds    r3, r3, r6
        lsls    r6, r2
        subs    r4, r4, r6
        mov     r8, r4                  // z = 0
        adds    r7, #1
        lsls    r7, r2
        subs    r7, #1
        mov     r9, r7
        movs    r7, #1
        lsls    r7, r7, #14
        mov     r12, r7
        lsrs    r7, r5, #1
        bcc     1f                      // an odd one first
        ldm     r1!, {r5}
        SILU_NEXT r5, first
        stm     r0!, {r5}
1:      mov     r7, r10
        subs    r7, r7, r0
        beq     .Lsilu_done
        lsls    r7, r7, #28             // an odd number of pairs: begin in the middle
        bne     .Lsilu_half
.Lsilu:
        ldm     r1!, {r5, r6}
        SILU_NEXT r5, 0
        SILU_NEXT r6, 1
        stm     r0!, {r5, r6}
.Lsilu_half:
        ldm     r1!, {r5, r6}
        SILU_NEXT r5, 2
        SILU_NEXT r6, 3
        stm     r0!, {r5, r6}
        cmp     r0, r10
        bne     .Lsilu
.Lsilu_done:
        ldr     r5, [sp, #F_CLAMPED]
        mov     r7, r9
        adds    r7, #1
        cmp     r5, #0
        bne     1f
        mov     r7, r8
        subs    r5, r7, r4
1:      asrs    r7, r2
        lsls    r7, r7, #1
        ldrh    r7, [r3, r7]
        muls    r5, r7
        add     r5, r12
        asrs    r0, r5, #15             // of the largest z
        movs    r4, #3
        lsls    r4, r2
        lsls    r4, r4, #3              // 0.375 of one
        cmp     r0, r4
        bge     1f
        ldr     r0, [sp, #F_T]
        ldr     r1, [sp, #F_N]
        bl      sm_largest_m0
1:      add     sp, #12
        RETURN
        OUT     r5, first
        OUT     r5, 0
        OUT     r6, 1
        OUT     r5, 2
        OUT     r6, 3
.Lout_of_range: // r11 z, not seen as it is yet -> r11 clamped, r7 what its index is made of
        push    {r0, r1}
        mov     r1, r12
        lsls    r1, r1, #1
        subs    r1, #1                  // 32767
        mov     r0, r11
        cmp     r0, #0
        blt     2f
        cmp     r0, r1
        ble     1f
        movs    r0, r1
1:      adds    r7, r0, r4
        mov     r8, r7
        cmp     r7, r9
        ble     3f
        mov     r7, r9                  // above the range: its last, and that much is the largest in it
        mov     r8, r7
        adds    r7, #1
        ldr     r1, [sp, #8 + F_CLAMPED]
        cmp     r0, r1
        ble     3f
        str     r0, [sp, #8 + F_CLAMPED]
        b       3f
2:      movs    r7, #0
        mvns    r7, r7                  // the entry before the first
        cmn     r0, r1
        bge     3f
        rsbs    r0, r1, #0
3:      mov     r11, r0
        pop     {r0, r1}
        bx      lr
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
