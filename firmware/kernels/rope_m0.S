// Rotary positions and narrowing to 8 bits for the Cortex-M0+ (rope.h).
// Same bits as the portable ones for any y; sm_store_m0 for even sizes.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "m0_macros.h"

// \value is within +-\most, a low register, when \value + \most is within 0..2 \most, which \twice holds: 3 cycles. What is not
// is done by BEYOND, out of the way. Spoils \scratch.
.macro  WITHIN  value, most, twice, scratch, name
        adds    \scratch, \value, \most
        cmp     \scratch, \twice
        bhi     .Lbeyond_\name
.Lwithin_\name:
.endm

.macro  BEYOND  value, most, scratch, name
.Lbeyond_\name:
        movs    \scratch, \most
        cmp     \value, #0
        bge     .Labove_\name
        rsbs    \scratch, \scratch, #0
.Labove_\name:
        movs    \value, \scratch
        b       .Lwithin_\name
.endm

// r3 -> shift in r3, half in r9, most in r8 and twice that in lr; 32767 in r10 and twice that in r12. Spoils r4.
.macro  PREPARE
        ldr     r4, [r3, #4]
        mov     r8, r4
        lsls    r4, r4, #1
        mov     lr, r4
        ldr     r3, [r3, #0]
        movs    r4, #1
        lsls    r4, r3
        lsrs    r4, r4, #1
        mov     r9, r4
        movs    r4, #1
        lsls    r4, r4, #15
        subs    r4, #1
        mov     r10, r4
        lsls    r4, r4, #1
        mov     r12, r4
.endm

// ---------------------------------------------------------------------------------------------------------------------
// void sm_rotate_m0(int32_t *y, uint32_t heads, uint32_t pairs, const int16_t *row, const struct sm_narrow *to)
//
// 39 cycles per pair: y 4, limits 7, cosine and sine 4, products 7, rounding 4, limits 7, store 3, loop 3; 7 more for each head.
//
// Registers: r0 y, r2 row, r3 = shift, r4 r5 pair, r1 r6 r7 scratch; r8 = most, r9 = half, r10 = 32767, r11 = end of the row,
// r12 = 65534, lr = 2 most.

        .equ    ROTATE_ROW, 0           // stack frame
        .equ    ROTATE_END, 4           // of y

        .section .time_critical.sm_rotate_m0, "ax"
        .align  2
        .global sm_rotate_m0
        .type   sm_rotate_m0, %function
        .thumb_func
sm_rotate_m0:
        SAVE_REGISTERS
        lsls    r2, r2, #2              // bytes of a row
        muls    r1, r2
        lsls    r1, r1, #1
        adds    r4, r1, r0
        adds    r2, r2, r3
        mov     r11, r2
        push    {r3, r4}
        ldr     r3, [sp, #44]           // to: above eleven saved registers
        PREPARE
.Lrotate_head:
        ldr     r2, [sp, #ROTATE_ROW]
.Lrotate:
        ldr     r4, [r0, #0]
        ldr     r5, [r0, #4]
        mov     r1, r10
        WITHIN  r4, r1, r12, r6, y0
        WITHIN  r5, r1, r12, r6, y1
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
        mov     r1, r8
        WITHIN  r5, r1, lr, r7, r0
        WITHIN  r6, r1, lr, r7, r1
        stm     r0!, {r5, r6}
        cmp     r2, r11
        bne     .Lrotate
        ldr     r1, [sp, #ROTATE_END]
        cmp     r0, r1
        bne     .Lrotate_head
        add     sp, #8
        RETURN
        BEYOND  r4, r1, r6, y0
        BEYOND  r5, r1, r6, y1
        BEYOND  r5, r1, r7, r0
        BEYOND  r6, r1, r7, r1
        .size   sm_rotate_m0, . - sm_rotate_m0

// ---------------------------------------------------------------------------------------------------------------------
// void sm_narrow_m0(int32_t *y, uint32_t n, const struct sm_narrow *to)
//
// 15 cycles per element.
//
// Registers: r0 y, r3 = shift, r4 value, r5 = 32767, r6 = most, r7 scratch; r9 = half, r11 end, r12 = 65534, lr = 2 most.

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
        mov     r5, r10
        mov     r6, r8
.Lnarrow:
        ldr     r4, [r0]
        WITHIN  r4, r5, r12, r7, y
        add     r4, r9
        asrs    r4, r3
        WITHIN  r4, r6, lr, r7, r
        stm     r0!, {r4}
        cmp     r0, r11
        bne     .Lnarrow
        RETURN
        BEYOND  r4, r5, r7, y
        BEYOND  r4, r6, r7, r
        .size   sm_narrow_m0, . - sm_narrow_m0

// ---------------------------------------------------------------------------------------------------------------------
// uint32_t sm_store_m0(const struct sm_store *s)
//
// 19 cycles for two components of a key, 29 for two of a value, 20 for each head.
//
// Registers. Keys: r0 k, r2 keys, r4 end of the head's k, r5 r6 components, r7 square; r8 = keys of the head, r10 = step, r11 = bytes of
// a head's k, r12 squares, lr largest. Values: r0 r5 components, r1 v, r2 values, r3 = shift, r4 = most, r6 = 32767, r7 scratch;
// r8 = step less size, r9 = half, r10 end of the head's v, r11, r12 = 65534, lr = 2 most.

        .equ    STORE_HEADS, 16         // struct sm_store
        .equ    STORE_SIZE, 20
        .equ    STORE_STEP, 24
        .equ    STORE_NARROW, 28
        .equ    STORE_K_END, 0          // stack frame; then the largest
        .equ    STORE_V_END, 4
        .equ    STORE_JOB, 8

// One component of a value. 11 cycles.
.macro  NARROW_BYTE value, at, name
        WITHIN  \value, r6, r12, r7, wide_\name
        add     \value, r9
        asrs    \value, r3
        WITHIN  \value, r4, lr, r7, narrow_\name
        adds    \value, #128
        strb    \value, [r2, #\at]
.endm

        .section .time_critical.sm_store_m0, "ax"
        .align  2
        .global sm_store_m0
        .type   sm_store_m0, %function
        .thumb_func
sm_store_m0:
        SAVE_REGISTERS
        ldr     r4, [r0, #STORE_STEP]
        mov     r10, r4
        ldr     r4, [r0, #STORE_SIZE]
        lsls    r4, r4, #2
        mov     r11, r4
        ldr     r7, [r0, #STORE_HEADS]
        muls    r4, r7
        mov     r7, r0
        ldm     r0, {r0-r3}
        adds    r5, r4, r0
        adds    r6, r4, r1
        push    {r5-r7}
        movs    r7, #0
        mov     lr, r7
.Lstore_key:
        mov     r8, r2
        mov     r4, r11
        adds    r4, r4, r0
        movs    r7, #0
        mov     r12, r7
.Lstore_keys:
        ldm     r0!, {r5, r6}
        movs    r7, r5
        muls    r7, r7
        add     r12, r7
        movs    r7, r6
        muls    r7, r7
        add     r12, r7
        adds    r5, #128
        adds    r6, #128
        strb    r5, [r2, #0]
        strb    r6, [r2, #4]
        adds    r2, #8
        cmp     r0, r4
        bne     .Lstore_keys
        cmp     r12, lr
        bls     1f
        mov     lr, r12
1:      mov     r2, r8
        add     r2, r10
        ldr     r7, [sp, #STORE_K_END]
        cmp     r0, r7
        bne     .Lstore_key

        mov     r7, lr
        str     r7, [sp, #STORE_K_END]
        movs    r2, r3
        ldr     r3, [sp, #STORE_JOB]
        adds    r3, #STORE_NARROW
        mov     r5, r10
        mov     r7, r11
        lsrs    r7, r7, #2
        subs    r5, r5, r7
        PREPARE
        mov     r4, r8
        mov     r8, r5
        mov     r6, r10
.Lstore_value:
        mov     r5, r11
        adds    r5, r5, r1
        mov     r10, r5
.Lstore_values:
        ldm     r1!, {r0, r5}
        NARROW_BYTE r0, 0, even
        NARROW_BYTE r5, 1, odd
        adds    r2, #2
        cmp     r1, r10
        bne     .Lstore_values
        add     r2, r8
        ldr     r7, [sp, #STORE_V_END]
        cmp     r1, r7
        bne     .Lstore_value
        ldr     r0, [sp, #STORE_K_END]
        add     sp, #12
        RETURN
        BEYOND  r0, r6, r7, wide_even
        BEYOND  r0, r4, r7, narrow_even
        BEYOND  r5, r6, r7, wide_odd
        BEYOND  r5, r4, r7, narrow_odd
        .size   sm_store_m0, . - sm_store_m0
