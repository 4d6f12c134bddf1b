// int4 x int8 matvec of four or eight columns for the Cortex-M0+, as models four or eight wide have it.
//
// void sm_matvec_few_m0(const struct sm_matvec *job)     the same job and result as sm_matvec_int4_portable
//
// Layout and arithmetic: int4_lanes_m0_macros.h, a row is one run: A0..A3 hold eight rows' sums. What is less here is all
// that is beside the products: no loop over columns, no place but the stack's for what stays the same, one register for the scales,
// and rounded shifts by ASR and ADC with 0, since the bit that decides is in the carry.
//
// Exact for |a| <= 127, columns = 4 or 8 and pre = 0, whatever the weights: |Sj| <= 8 * 8 * 127 = 8128.
//
// A block of eight rows: start 13, columns 34 per two, sums apart 29, requantized and stored 43 for each four, next 7: 203 cycles for four
// columns, 271 for eight.
//
// Registers at the columns: r0 weights, r1 activations, r2 r3 words, r4 r5 activations, r6 scratch, r7 = 0x000f000f, r8..r11 = A0..A3,
// r12 scales. Afterwards r4..r7 sums of four rows, r0..r3 scratch, lr weights.

        .syntax unified
        .cpu    cortex-m0plus
        .thumb

#include "int4_lanes_m0_macros.h"
#include "m0_macros.h"

// stack frame
        .equ    F_START, 0              // activations, what A1..A3 and A0 start at, where the columns begin, 0x000f000f
        .equ    F_AMPLITUDE, 20
        .equ    F_SHIFT, 24
        .equ    F_RESULT, 28
        .equ    F_END, 32               // weights after the last block
        .equ    FRAME, 36

// Sums of four rows in r4..r7 -> y. 43 cycles.
.macro  FINISH4
        mov     r0, r12
        ldm     r0!, {r2, r3}
        mov     r12, r0
        ldr     r0, [sp, #F_AMPLITUDE]
        APPLY_SCALES
        ldr     r0, [sp, #F_SHIFT]
        movs    r1, #0
        asrs    r4, r0
        adcs    r4, r1
        asrs    r5, r0
        adcs    r5, r1
        asrs    r6, r0
        adcs    r6, r1
        asrs    r7, r0
        adcs    r7, r1
        ldr     r1, [sp, #F_RESULT]
        stm     r1!, {r4-r7}
        str     r1, [sp, #F_RESULT]
.endm

        .section .time_critical.sm_matvec_few_m0, "ax"
        .align  2
        .global sm_matvec_few_m0
        .type   sm_matvec_few_m0, %function
        .thumb_func
sm_matvec_few_m0:
        SAVE_REGISTERS
        sub     sp, #FRAME
        ldr     r1, [r0, #JOB_AM]
        str     r1, [sp, #F_AMPLITUDE]
        ldr     r1, [r0, #JOB_POST]
        str     r1, [sp, #F_SHIFT]
        ldr     r1, [r0, #JOB_Y]
        str     r1, [sp, #F_RESULT]
        ldr     r1, [r0, #JOB_WM]
        mov     r12, r1
        ldr     r1, [r0, #JOB_A]
        ldr     r3, [r0, #JOB_SUM]
        lsls    r3, r3, #3
        rsbs    r3, r3, #0
        lsls    r2, r3, #16
        adds    r2, r2, r3              // -8 sum(x) in both halves
        ldr     r3, =0x1111
        muls    r3, r2
        ldr     r7, [r0, #JOB_COLUMNS]
        ldr     r6, =.Lfour
        cmp     r7, #4
        beq     1f
        ldr     r6, =.Leight
1:      ldr     r4, [r0, #JOB_BLOCKS]
        muls    r4, r7
        lsls    r4, r4, #2
        ldr     r7, =0x000f000f
        add     r5, sp, #F_START
        stm     r5!, {r1, r2, r3, r6, r7}
        ldr     r0, [r0, #JOB_WORDS]
        adds    r4, r4, r0
        str     r4, [sp, #F_END]
.Lblock:
        add     r1, sp, #F_START
        ldm     r1, {r1, r2, r3, r6, r7}
        mov     r9, r2
        mov     r10, r2
        mov     r11, r2
        mov     r8, r3
        mov     pc, r6
        .ltorg
        .align  2
.Leight:
        COLUMNS2
        COLUMNS2
.Lfour:
        COLUMNS2
        COLUMNS2
        mov     lr, r0
        LOW_ROWS r0
        FINISH4
        movs    r0, #0
        UPPER_ROWS r0
        FINISH4
        mov     r0, lr
        ldr     r1, [sp, #F_END]
        cmp     r0, r1
        beq     1f
        b       .Lblock
1:      add     sp, #FRAME
        RETURN
        .size   sm_matvec_few_m0, . - sm_matvec_few_m0
