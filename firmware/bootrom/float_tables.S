/*
 * The SF and SD tables: 32 function pointers each, and at -2 the number of words that a caller may copy.
 */
    .syntax unified
    .cpu cortex-m0plus
    .thumb

    .text
/* Sine in r0 and r1, cosine in r2 and r3. */
    .balign 4
    .thumb_func
    .global rom_dsincos
rom_dsincos:
    push    {r4, lr}
    sub     sp, #16
    mov     r2, sp
    bl      rom_dsincos_to
    pop     {r0, r1, r2, r3}
    pop     {r4, pc}

    .section .rodata
    .macro entries names:vararg
    .irp name, \names
    .word rom_\name
    .endr
    .endm

    .balign 4
    .global rom_float_start
rom_float_start:
    .byte 0, 0, 32, 0
    .global rom_float_table
rom_float_table:
    entries fadd, fsub, fmul, fdiv, fcmp, fcmp, fsqrt
    entries float2int, float2fix, float2uint, float2ufix
    entries int2float, fix2float, uint2float, ufix2float
    entries fcos, fsincos, ftan, fsincos
    entries fexp, fln
    entries fcmp, fatan2
    entries int642float, fix642float, uint642float, ufix642float
    entries float2int64, float2fix64, float2uint64, float2ufix64
    entries float2double

    .byte 0, 0, 32, 0
    .global rom_double_table
rom_double_table:
    entries dadd, dsub, dmul, ddiv, dcmp, dcmp, dsqrt
    entries double2int, double2fix, double2uint, double2ufix
    entries int2double, fix2double, uint2double, ufix2double
    entries dcos, dsin, dtan, dsincos
    entries dexp, dln
    entries dcmp, datan2
    entries int642double, fix642double, uint642double, ufix642double
    entries double2int64, double2fix64, double2uint64, double2ufix64
    entries double2float
    .global rom_float_end
rom_float_end:
