/*
 * The fixed part of the boot ROM (datasheet 2.8.1 and 2.8.2): vector table, header, tables, reset dispatch, named
 * faults, bit routines, and core 1's launch handshake. Written from the documented interface only.
 */
#include "rom.h"

    .syntax unified
    .cpu cortex-m0plus
    .thumb

/* Core 0's first stack ends where the second stage is loaded: the top 256 bytes of SRAM5. */
    .equ INITIAL_SP,   0x20041f00
    .equ SIO_BASE,     0xd0000000
    .equ FIFO_ST,      0x50
    .equ FIFO_WR,      0x54
    .equ FIFO_RD,      0x58
    .equ SCB_VTOR,     0xe000ed08
    .equ FAULT_MAGIC,  0x46524d53          /* "SMRF" */

    .section .vectors, "ax"
    .global rom_vectors
rom_vectors:
    .word INITIAL_SP
    .word rom_reset
    .word rom_nmi
    .word rom_hard_fault
    .byte 'M', 'u', 1
    .byte 3                                 /* version: the SDK uses no fixed address of a version 3 ROM */
    .hword function_table
    .hword data_table
    .hword rom_table_lookup + 1

/* --- tables: {code, pointer} pairs, ended by 0 ------------------------------------------------------------------- */

    .macro function_entry first, second, name
    .byte \first, \second
    .hword \name + 1
    .endm
    .macro data_entry first, second, name
    .byte \first, \second
    .hword \name
    .endm

    .balign 4
function_table:
    function_entry 'P', '3', rom_popcount32
    function_entry 'R', '3', rom_reverse32
    function_entry 'L', '3', rom_clz32
    function_entry 'T', '3', rom_ctz32
    function_entry 'M', 'S', rom_memset
    function_entry 'S', '4', rom_memset4
    function_entry 'M', 'C', rom_memcpy
    function_entry 'C', '4', rom_memcpy44
    function_entry 'I', 'F', rom_connect_internal_flash
    function_entry 'E', 'X', rom_flash_exit_xip
    function_entry 'R', 'E', rom_flash_range_erase
    function_entry 'R', 'P', rom_flash_range_program
    function_entry 'F', 'C', rom_flash_flush_cache
    function_entry 'C', 'X', rom_flash_enter_cmd_xip
    function_entry 'U', 'B', rom_usb_boot
    function_entry 'W', 'V', rom_wait_for_vector
    function_entry 'D', 'T', rom_debug_trampoline
    function_entry 'D', 'E', rom_debug_trampoline_end
    function_entry 'E', 'C', rom_deprecated
    .hword 0, 0

data_table:
    data_entry 'C', 'R', copyright
    data_entry 'G', 'R', revision
    data_entry 'F', 'S', rom_float_start
    data_entry 'S', 'F', rom_float_table
    data_entry 'F', 'E', rom_float_end
    data_entry 'S', 'D', rom_double_table
    .hword 0, 0

copyright:
    .asciz "Starmind Pico boot ROM, MIT licence"
    .balign 4
revision:
    .word 1

/* void *lookup(uint16_t *table, uint32_t code): the pointer beside the code, or 0. */
    .text
    .balign 4
    .thumb_func
    .global rom_table_lookup
rom_table_lookup:
    uxth    r1, r1
1:  ldrh    r2, [r0]
    cmp     r2, #0
    beq     2f
    cmp     r2, r1
    beq     3f
    adds    r0, #4
    b       1b
2:  movs    r0, #0
    bx      lr
3:  ldrh    r0, [r0, #2]
    bx      lr

/* --- reset ---------------------------------------------------------------------------------------------------------
 * Both cores come here, and so does a stray core 1 that crt0 sends back through address 0.
 */
    .balign 4
    .thumb_func
    .global rom_reset
rom_reset:
    ldr     r0, =SIO_BASE
    ldr     r0, [r0]                        /* CPUID */
    cmp     r0, #0
    bne     rom_core1
    bl      rom_boot_core0
    .ltorg

    .thumb_func
    .global rom_enter_boot2
rom_enter_boot2:
    adds    r0, #1
    movs    r1, #0
    mov     lr, r1                          /* "enter the image", not "return to a caller" */
    bx      r0

    .thumb_func
    .global rom_jump
rom_jump:
    msr     msp, r0
    movs    r0, #1
    orrs    r1, r0
    bx      r1

/* --- core 1 --------------------------------------------------------------------------------------------------------
 * Waits for 0, 0, 1, VTOR, SP, entry in the FIFO, echoing each word, then enters the program; uses no memory at all.
 * r7 SIO, r6 words accepted, r5 VTOR, r4 SP. A wrong word starts the sequence again; further zeros are still "two
 * zeros", so a core 0 that restarts is followed at once.
 */
    .balign 4
    .thumb_func
rom_core1:
    ldr     r7, =SIO_BASE
1:  ldr     r0, [r7, #FIFO_ST]              /* drain what an earlier program left */
    lsrs    r0, #1
    bcc     2f
    ldr     r0, [r7, #FIFO_RD]
    b       1b
2:  movs    r0, #0                          /* tells core 0 that core 1 is back from reset */
    bl      fifo_push
    b       launch_restart

    .thumb_func
    .global rom_wait_for_vector
rom_wait_for_vector:
    ldr     r7, =SIO_BASE
launch_restart:
    movs    r6, #0
launch_next:
    ldr     r0, [r7, #FIFO_ST]
    lsrs    r0, #1
    bcs     3f
    wfe
    b       launch_next
3:  ldr     r0, [r7, #FIFO_RD]
    bl      fifo_push                       /* echo; keeps r0 */
    cmp     r6, #2
    bhi     launch_operand
    beq     4f
    cmp     r0, #0
    bne     launch_restart
    adds    r6, #1
    b       launch_next
4:  cmp     r0, #0
    beq     launch_next
    cmp     r0, #1
    bne     launch_restart
    adds    r6, #1
    b       launch_next
launch_operand:
    cmp     r6, #4
    beq     5f
    bhi     6f
    mov     r5, r0
    adds    r6, #1
    b       launch_next
5:  mov     r4, r0
    adds    r6, #1
    b       launch_next
6:  ldr     r1, =SCB_VTOR
    str     r5, [r1]
    msr     msp, r4
    movs    r1, #1
    orrs    r0, r1
    blx     r0
    b       rom_wait_for_vector             /* the program on core 1 ended */

/* Pushes r0 when there is room and wakes the other core. Keeps r0. */
    .thumb_func
fifo_push:
    ldr     r1, [r7, #FIFO_ST]
    lsrs    r1, #2
    bcc     fifo_push
    str     r0, [r7, #FIFO_WR]
    sev
    bx      lr
    .ltorg

/* --- named faults ----------------------------------------------------------------------------------------------- */

    .macro named_fault label, code
    .thumb_func
    .global \label
\label:
    movs    r0, #\code
    b       rom_fault
    .endm

    .balign 4
    named_fault rom_usb_boot, FAULT_USB_BOOT
    named_fault rom_nmi, FAULT_NMI
    named_fault rom_hard_fault, FAULT_HARD_FAULT
    named_fault rom_debug_trampoline, FAULT_DEBUG_TRAMPOLINE
    named_fault rom_debug_trampoline_end, FAULT_DEBUG_TRAMPOLINE
    named_fault rom_deprecated, FAULT_DEPRECATED

/* r0 = "SMRF", r1 = name, r2 = code, r3 = who asked; then a breakpoint that no program uses. */
    .balign 4
    .thumb_func
    .global rom_fault
rom_fault:
    mov     r2, r0
    mov     r3, lr
    lsls    r1, r0, #2
    ldr     r0, =rom_fault_names
    ldr     r1, [r0, r1]
    ldr     r0, =FAULT_MAGIC
    .global rom_fault_breakpoint
rom_fault_breakpoint:
    bkpt    #0x5a
    b       rom_fault_breakpoint
    .ltorg

    .section .rodata
    .balign 4
rom_fault_names:
    .word 0f, 1f, 2f, 3f, 4f, 5f, 6f, 7f
0:  .asciz "unknown"
1:  .asciz "usb-boot"
2:  .asciz "no-boot2"
3:  .asciz "rescue"
4:  .asciz "nmi"
5:  .asciz "hard-fault"
6:  .asciz "debug-trampoline"
7:  .asciz "deprecated-function"
