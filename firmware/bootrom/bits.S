/*
 * Bit routines P3 R3 L3 T3 (datasheet 2.8.3.1.1), and the wide product of the soft-float routines. They use r0-r3 only: the SDK's integer-to-float conversion keeps a
 * return address in r12 across L3.
 */
    .syntax unified
    .cpu cortex-m0plus
    .thumb
    .text

/* uint32_t popcount(uint32_t): adds bits in pairs, nibbles, bytes. */
    .balign 4
    .thumb_func
    .global rom_popcount32
rom_popcount32:
    ldr     r1, =0x55555555
    lsrs    r2, r0, #1
    ands    r2, r1
    subs    r0, r2
    ldr     r1, =0x33333333
    lsrs    r2, r0, #2
    ands    r0, r1
    ands    r2, r1
    adds    r0, r2
    lsrs    r2, r0, #4
    adds    r0, r2
    ldr     r1, =0x0f0f0f0f
    ands    r0, r1
    ldr     r1, =0x01010101
    muls    r0, r1
    lsrs    r0, #24
    bx      lr
    .ltorg

/* uint32_t reverse(uint32_t): bit 0 becomes bit 31. */
    .balign 4
    .thumb_func
    .global rom_reverse32
rom_reverse32:
    rev     r0, r0
    ldr     r1, =0x0f0f0f0f
    lsrs    r2, r0, #4
    ands    r2, r1
    ands    r0, r1
    lsls    r0, #4
    orrs    r0, r2
    ldr     r1, =0x33333333
    lsrs    r2, r0, #2
    ands    r2, r1
    ands    r0, r1
    lsls    r0, #2
    orrs    r0, r2
    ldr     r1, =0x55555555
    lsrs    r2, r0, #1
    ands    r2, r1
    ands    r0, r1
    lsls    r0, #1
    orrs    r0, r2
    bx      lr
    .ltorg

/* uint32_t clz(uint32_t): leading zeros, 32 for 0. Narrows to a nibble, then a table of 16 bytes. */
    .balign 4
    .thumb_func
    .global rom_clz32
rom_clz32:
    movs    r1, #28
    lsrs    r2, r0, #16
    beq     1f
    movs    r1, #12
    movs    r0, r2
1:  lsrs    r2, r0, #8
    beq     2f
    subs    r1, #8
    movs    r0, r2
2:  lsrs    r2, r0, #4
    beq     3f
    subs    r1, #4
    movs    r0, r2
3:  adr     r2, clz_nibble
    ldrb    r0, [r2, r0]
    adds    r0, r1
    bx      lr
    .balign 4
clz_nibble:
    .byte 4, 3, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0

/* uint32_t ctz(uint32_t): trailing zeros, 32 for 0: the lowest set bit alone has 31 - ctz leading zeros. */
    .balign 4
    .thumb_func
    .global rom_ctz32
rom_ctz32:
    cmp     r0, #0
    beq     1f
    negs    r1, r0
    ands    r0, r1
    mov     r3, lr
    bl      rom_clz32
    movs    r1, #31
    subs    r0, r1, r0
    bx      r3
1:  movs    r0, #32
    bx      lr

/* uint64_t multiply_wide(uint32_t, uint32_t): four 16 x 16 products; 24 cycles and the call. */
    .balign 4
    .thumb_func
    .global rom_multiply_wide
rom_multiply_wide:
    push    {r4, lr}
    uxth    r2, r0
    lsrs    r0, #16
    uxth    r3, r1
    lsrs    r1, #16
    movs    r4, r2
    muls    r4, r3                          /* low * low */
    muls    r3, r0                          /* high * low */
    muls    r0, r1                          /* high * high */
    muls    r1, r2                          /* low * high */
    adds    r3, r1
    movs    r1, #0
    adcs    r1, r1
    lsls    r1, #16
    adds    r0, r1
    lsls    r1, r3, #16
    lsrs    r3, #16
    adds    r4, r1
    adcs    r0, r3
    mov     r1, r0
    mov     r0, r4
    pop     {r4, pc}
