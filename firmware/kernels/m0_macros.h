// What the Cortex-M0+ matvec kernels share: the job's layout, the part of the stack frame that says how to requantize, and
// the macro that does it. Included by the .S files only.

// struct sm_matvec
        .equ    JOB_WORDS, 0
        .equ    JOB_WM, 4
        .equ    JOB_A, 8
        .equ    JOB_Y, 12
        .equ    JOB_BLOCKS, 16
        .equ    JOB_COLUMNS, 20
        .equ    JOB_SUM, 24
        .equ    JOB_AM, 28
        .equ    JOB_PRE, 32
        .equ    JOB_POST, 36

        .equ    JOB_RUN, 40

// stack frame of every kernel
        .equ    F_PRE, 0
        .equ    F_AM, 4
        .equ    F_POST, 8
        .equ    F_HALF, 12              // half(post)
        .equ    F_WM, 16                // next row's scale
        .equ    F_Y, 20                 // next row's result
        .equ    F_COMMON, 24            // the kernel's own part begins here

// r0 = job -> the common part of the frame; spoils r1 and r3.
.macro  FILL_COMMON
        ldr     r1, [r0, #JOB_PRE]
        str     r1, [sp, #F_PRE]
        ldr     r1, [r0, #JOB_AM]
        str     r1, [sp, #F_AM]
        ldr     r1, [r0, #JOB_POST]
        str     r1, [sp, #F_POST]
        movs    r3, #1
        lsls    r3, r1
        lsrs    r3, r3, #1
        str     r3, [sp, #F_HALF]
        ldr     r1, [r0, #JOB_WM]
        str     r1, [sp, #F_WM]
        ldr     r1, [r0, #JOB_Y]
        str     r1, [sp, #F_Y]
.endm

.macro  SAVE_REGISTERS
        push    {r4-r7, lr}
        mov     r4, r8
        mov     r5, r9
        mov     r6, r10
        mov     r7, r11
        push    {r4-r7}
.endm

.macro  RETURN
        pop     {r4-r7}
        mov     r8, r4
        mov     r9, r5
        mov     r10, r6
        mov     r11, r7
        pop     {r4-r7, pc}
.endm

// r4..r7 *= the rows' scales, two each in r2 and r3, times am in r0, less 17 bits (ARITHMETIC.md section 3); spoils r1..r3. 16 cycles.
.macro  APPLY_SCALES
        uxth    r1, r2
        muls    r1, r0
        lsrs    r1, r1, #17
        muls    r4, r1
        lsrs    r2, r2, #16
        muls    r2, r0
        lsrs    r2, r2, #17
        muls    r5, r2
        uxth    r1, r3
        muls    r1, r0
        lsrs    r1, r1, #17
        muls    r6, r1
        lsrs    r3, r3, #16
        muls    r3, r0
        lsrs    r3, r3, #17
        muls    r7, r3
.endm

// Sums of four rows in r4..r7, rounded for `pre` already -> y; spoils r0..r3. 52 cycles, 46 when pre is known to be 0.
// `take` and `leave` name two high registers in which the places of the next scale and result come and go instead of in
// the frame; each saves 2 cycles. With keep_y = 1 the place of the next result is left in r1 only.
.macro  REQUANTIZE pre=1, take_wm, take_y, leave_wm, leave_y, keep_y=0
.if \pre
        ldr     r0, [sp, #F_PRE]
        asrs    r4, r0
        asrs    r5, r0
        asrs    r6, r0
        asrs    r7, r0
.endif
.ifb \take_wm
        ldr     r0, [sp, #F_WM]
.else
        mov     r0, \take_wm
.endif
        ldm     r0!, {r2, r3}           // four scales
.ifb \leave_wm
        str     r0, [sp, #F_WM]
.else
        mov     \leave_wm, r0
.endif
        ldr     r0, [sp, #F_AM]
        APPLY_SCALES
        ldr     r0, [sp, #F_POST]
        ldr     r1, [sp, #F_HALF]
        adds    r4, r4, r1
        asrs    r4, r0
        adds    r5, r5, r1
        asrs    r5, r0
        adds    r6, r6, r1
        asrs    r6, r0
        adds    r7, r7, r1
        asrs    r7, r0
.ifb \take_y
        ldr     r1, [sp, #F_Y]
.else
        mov     r1, \take_y
.endif
        stm     r1!, {r4-r7}
.if \keep_y
.else
.ifb \leave_y
        str     r1, [sp, #F_Y]
.else
        mov     \leave_y, r1
.endif
.endif
.endm
