// Rotary positions and narrowing to 8 bits for the Cortex-M0+ (rope.h).

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"

// \value clamped to +-\most, a high register; \scratch spoilt. 6 cycles in range.
.macro  CLAMP_TO value, most, scratch
        cmp     \value, \most
        ble     .Lnot_above\@
        mov     \value, \most
.Lnot_above\@:
        mov     \scratch, \most
        cmn     \value, \scratch
        bge     .Lnot_below\@
        rsbs    \value, \scratch, #0
.Lnot_below\@:
.endm

// r3 -> shift in r3, half in r9, most in r8; 32767 in r10. Spoils r4.
.macro  PREPARE
        ldr     r4, [r3, #4]
        mov     r8, r4
        ldr     r3, [r3, #0]
        movs    r4, #1
        lsls    r4, r3
        lsrs    r4, r4, #1
        mov     r9, r4
        movs    r4, #1
        lsls    r4, r4, #15
        subs    r4, #1
        mov     r10, r4
.endm

// ---------------------------------------------------------------------------------------------------------------------
// void sm_rotate_m0(int32_t *y, uint32_t pairs, const int16_t *row, const struct sm_narrow *to)
//
// 53 cycles per pair: y 3, clamps 14, cosine and sine 4, products 10, rounding 4, clamps 14, store 3, loop 3.
//
// Registers: r0 y, r2 row, r3 = shift, r4 r5 pair, r1 r6 r7 scratch; r8 = most, r9 = half, r10 = 32767, r11 = end of y,
// r12 sine.

        .section .time_critical.sm_rotate_m0, "ax"
        .align  2
        .global sm_rotate_m0
        .type   sm_rotate_m0, %function
        .thumb_func
sm_rotate_m0:
        SAVE_REGISTERS
        lsls    r1, r1, #3
        adds    r1, r1, r0
        mov     r11, r1
        PREPARE
.Lrotate:
        ldr     r4, [r0, #0]
        ldr     r5, [r0, #4]
        CLAMP_TO r4, r10, r1
        CLAMP_TO r5, r10, r1
        ldm     r2!, {r6}
        asrs    r7, r6, #16             // sine
        sxth    r6, r6                  // cosine
        movs    r1, r4
        muls    r1, r6                  // y0 c
        muls    r6, r5                  // y1 c
        muls    r4, r7                  // y0 s
        muls    r5, r7                  // y1 s
        adds    r6, r6, r4
        subs    r5, r1, r5
        add     r5, r9
        asrs    r5, r3
        add     r6, r9
        asrs    r6, r3
        CLAMP_TO r5, r8, r1
        CLAMP_TO r6, r8, r1
        stm     r0!, {r5, r6}
        cmp     r0, r11
        bne     .Lrotate
        RETURN
        .size   sm_rotate_m0, . - sm_rotate_m0

// ---------------------------------------------------------------------------------------------------------------------
// void sm_narrow_m0(int32_t *y, uint32_t n, const struct sm_narrow *to)
//
// 23 cycles per element.

        .section .time_critical.sm_narrow_m0, "ax"
        .align  2
        .global sm_narrow_m0
        .type   sm_narrow_m0, %function
        .thumb_func
sm_narrow_m0:
        SAVE_REGISTERS
        lsls    r1, r1, #2
        adds    r1, r1, r0
        mov     r11, r1
        mov     r3, r2
        PREPARE
.Lnarrow:
        ldr     r4, [r0]
        CLAMP_TO r4, r10, r1
        add     r4, r9
        asrs    r4, r3
        CLAMP_TO r4, r8, r1
        stm     r0!, {r4}
        cmp     r0, r11
        bne     .Lnarrow
        RETURN
        .size   sm_narrow_m0, . - sm_narrow_m0
