// What the int4 kernels with and without group scales share (matvec_int4_m0.S, matvec_int4g32_m0.S): frame, biases, where the columns
// begin, and requantization. Included by these .S files only.
//
// Layout and arithmetic: int4_lanes_m0_macros.h.
//
// Registers in the loop: r0 weights, r1 activations, r2 r3 words, r4 r5 activations, r6 scratch, r7 = M,
// r8..r11 = A0..A3, r12 end of the run's activations, lr where to go on.

#include "int4_lanes_m0_macros.h"
#include "m0_macros.h"

// stack frame
        .equ    F_A, F_COMMON + 0       // first activation
        .equ    F_END, F_COMMON + 4     // after the last
        .equ    F_RUN, F_COMMON + 8     // bytes of activations in a run
        .equ    F_BLOCKS, F_COMMON + 12 // still to do
        .equ    F_BIAS, F_COMMON + 16   // bias of the present run
        .equ    F_PRE_HALF, F_COMMON + 20
        .equ    F_ACC, F_COMMON + 24    // eight rows' sums of the runs so far, with half(pre)
        .equ    F_BIASES, F_COMMON + 56 // -8 sum(x) times 0x10001, of each run
        .equ    F_KERNEL, F_BIASES + 4 * 32 // the kernel's own

// r1 = sum of x, or of a run's -> r3 = -8 sum(x), in both lanes; spoils r1.
.macro  BIAS
        lsls    r1, r1, #3
        rsbs    r1, r1, #0
        lsls    r3, r1, #16
        adds    r3, r3, r1
.endm

// r0 = job, common frame filled -> the rest of the frame but the biases; leaves r0.
.macro  FILL_FIELDS
        ldr     r1, [r0, #JOB_A]
        str     r1, [sp, #F_A]
        ldr     r2, [r0, #JOB_COLUMNS]
        lsls    r2, r2, #2
        adds    r2, r2, r1
        str     r2, [sp, #F_END]
        mov     r12, r2
        ldr     r2, [r0, #JOB_RUN]
        lsls    r2, r2, #2
        str     r2, [sp, #F_RUN]
        ldr     r2, [r0, #JOB_BLOCKS]
        str     r2, [sp, #F_BLOCKS]
        ldr     r2, [sp, #F_PRE]
        movs    r3, #1
        lsls    r3, r2
        lsrs    r3, r3, #1
        str     r3, [sp, #F_PRE_HALF]
.endm

// The bias of each run, the last one from what is left of the sum; leaves r0.
.macro  FILL_BIASES
        mov     r8, r0
        ldr     r1, [r0, #JOB_SUM]
        mov     r9, r1
        add     r0, sp, #F_BIASES
        ldr     r1, [sp, #F_A]
1:      // each run
        ldr     r2, [sp, #F_RUN]
        adds    r2, r2, r1
        cmp     r2, r12
        bhs     4f
        movs    r3, #0
3:      ldm     r1!, {r4-r7}
        adds    r4, r4, r5
        adds    r6, r6, r7
        adds    r3, r3, r4
        adds    r3, r3, r6
        cmp     r1, r2
        bne     3b
        mov     r4, r9
        subs    r4, r4, r3
        mov     r9, r4
        mov     r4, r1
        mov     r1, r3
        BIAS
        stm     r0!, {r3}
        mov     r1, r4
        b       1b
4:      mov     r1, r9
        BIAS
        stm     r0!, {r3}
        mov     r0, r8
.endm

// \columns (a number, a multiple of 4) -> the address in sm_int4_columns to begin at; spoils r3.
.macro  ENTRY   columns
        lsrs    \columns, \columns, #2
        rsbs    \columns, \columns, #0
        movs    r3, #ROUND / 4 - 1
        ands    \columns, r3           // fours of columns to leave out in the first round
        movs    r3, #FOUR_COLUMNS
        muls    \columns, r3
        ldr     r3, =sm_int4_columns
        adds    \columns, \columns, r3
.endm
        .equ    ROUND, 32               // columns; a power of two
        .equ    FOUR_COLUMNS, 120       // bytes of code

// Sums of four rows in r4..r7, rounded for pre; r0 = their scales, the next ones in lr. Spoils r0..r2; leaves 0 in r3. With half=1
// sums may have more than 16 bits, whose products wrap: then half(post) is added as ARITHMETIC.md says, and r3 is not 0.
.macro  REQUANTIZE_LANES pre, half=0
.if \pre
        ldr     r1, [sp, #F_PRE]
        asrs    r4, r1
        asrs    r5, r1
        asrs    r6, r1
        asrs    r7, r1
.endif
        ldm     r0!, {r2, r3}
        mov     lr, r0
        ldr     r0, [sp, #F_AM]
        APPLY_SCALES
        ldr     r0, [sp, #F_POST]
.if \half
        ldr     r3, [sp, #F_HALF]
        .irp    row, r4, r5, r6, r7
        adds    \row, \row, r3
        asrs    \row, r0
        .endr
.else
        movs    r3, #0
        .irp    row, r4, r5, r6, r7
        asrs    \row, r0
        adcs    \row, r3
        .endr
.endif
.endm
