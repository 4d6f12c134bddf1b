/*
 * Memory routines MS S4 MC C4 (datasheet 2.8.3.1.2). All return the destination in r0. The word versions want aligned
 * pointers and a size that is a multiple of 4; the byte versions take anything and reach the word loops when they can.
 * The application has them too, in SRAM, as its memset and memcpy.
 */
#ifndef SM_MEMORY_SECTION
#define SM_MEMORY_SECTION .text
#endif
    .syntax unified
    .cpu cortex-m0plus
    .thumb
    .section SM_MEMORY_SECTION, "ax"

/* void *memset(void *to, uint8_t value, uint32_t count) */
    .balign 4
    .thumb_func
    .global rom_memset, memset              /* the compiler's own name as well */
rom_memset:
    .thumb_set memset, rom_memset
    push    {r0, r4, lr}
    uxtb    r1, r1
1:  cmp     r2, #0
    beq     4f
    lsls    r3, r0, #30
    beq     2f
    strb    r1, [r0]
    adds    r0, #1
    subs    r2, #1
    b       1b
2:  lsls    r3, r1, #8
    orrs    r1, r3
    lsls    r3, r1, #16
    orrs    r1, r3
    bl      fill_words
3:  cmp     r2, #0
    beq     4f
    strb    r1, [r0]
    adds    r0, #1
    subs    r2, #1
    b       3b
4:  pop     {r0, r4, pc}

/* uint32_t *memset4(uint32_t *to, uint8_t value, uint32_t count): the value is a byte here too. */
    .balign 4
    .thumb_func
    .global rom_memset4
rom_memset4:
    push    {r0, r4, lr}
    uxtb    r1, r1
    lsls    r3, r1, #8
    orrs    r1, r3
    lsls    r3, r1, #16
    orrs    r1, r3
    bl      fill_words
    pop     {r0, r4, pc}

/* Fills whole words: r0 aligned pointer (advanced), r1 word, r2 bytes (left: 0..3). 16 bytes per 5 + 1 + 2 cycles. */
    .thumb_func
fill_words:
    push    {r4, r5, r6, lr}
    mov     r3, r1
    mov     r4, r1
    mov     r5, r1
    b       2f
1:  stmia   r0!, {r1, r3, r4, r5}
2:  subs    r2, #16
    bcs     1b
    adds    r2, #12
    bcc     4f
3:  stmia   r0!, {r1}
    subs    r2, #4
    bcs     3b
4:  adds    r2, #4
    pop     {r4, r5, r6, pc}

/* void *memcpy(void *to, const void *from, uint32_t count): words when both pointers have the same alignment. */
    .balign 4
    .thumb_func
    .global rom_memcpy, memcpy
rom_memcpy:
    .thumb_set memcpy, rom_memcpy
    push    {r0, r4, lr}
    mov     r3, r0
    eors    r3, r1
    lsls    r3, #30
    bne     3f
1:  cmp     r2, #0
    beq     4f
    lsls    r3, r0, #30
    beq     2f
    ldrb    r3, [r1]
    strb    r3, [r0]
    adds    r0, #1
    adds    r1, #1
    subs    r2, #1
    b       1b
2:  bl      copy_words
3:  subs    r2, #1
    bcc     4f
    ldrb    r3, [r1]
    strb    r3, [r0]
    adds    r0, #1
    adds    r1, #1
    b       3b
4:  pop     {r0, r4, pc}

/* uint32_t *memcpy44(uint32_t *to, const uint32_t *from, uint32_t count) */
    .balign 4
    .thumb_func
    .global rom_memcpy44
rom_memcpy44:
    push    {r0, r4, lr}
    bl      copy_words
    pop     {r0, r4, pc}

/* Copies whole words: r0 to, r1 from (both aligned, advanced), r2 bytes (left: 0..3). 16 bytes per 13 cycles. */
    .thumb_func
copy_words:
    push    {r4, r5, r6, lr}
    b       2f
1:  ldmia   r1!, {r3, r4, r5, r6}
    stmia   r0!, {r3, r4, r5, r6}
2:  subs    r2, #16
    bcs     1b
    adds    r2, #12
    bcc     4f
3:  ldmia   r1!, {r3}
    stmia   r0!, {r3}
    subs    r2, #4
    bcs     3b
4:  adds    r2, #4
    pop     {r4, r5, r6, pc}
