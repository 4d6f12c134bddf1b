// The inner step and the decoding of the int8 kernels; the arithmetic is explained in matvec_int8_m0.S. Included by .S
// files only.
//
// Registers: r0, r1 weights of two blocks, r2 activations, r3 scratch, r4 r5 words, r6 r7 activations, r8 r9 r10 = A E C of
// the first block, r11 r12 lr = of the second.

// acc += one column of four rows: word \w, activation \x. 9 cycles. Leaves \w and r3 spoilt.
.macro  MAC     w, x, acc_a, acc_e, acc_c
        lsrs    r3, \w, #8
        uxth    r3, r3
        muls    r3, \x
        add     \acc_e, r3
        lsrs    r3, \w, #16
        muls    r3, \x
        add     \acc_c, r3
        muls    \w, \x
        add     \acc_a, \w
.endm

// Two columns of eight rows. 45 cycles.
.macro  COLUMNS8
        ldm     r2!, {r6, r7}
        ldm     r0!, {r4, r5}
        MAC     r4, r6, r8, r9, r10
        MAC     r5, r7, r8, r9, r10
        ldm     r1!, {r4, r5}
        MAC     r4, r6, r11, r12, lr
        MAC     r5, r7, r11, r12, lr
.endm

// Two columns of four rows. 24 cycles.
.macro  COLUMNS4
        ldm     r2!, {r6, r7}
        ldm     r0!, {r4, r5}
        MAC     r4, r6, r8, r9, r10
        MAC     r5, r7, r8, r9, r10
.endm

// A, E, C -> S0..S3 in r4..r7; spoils r2, r3. 20 cycles.
.macro  TAKE_APART acc_a, acc_e, acc_c
        mov     r2, \acc_a
        mov     r3, \acc_e
        mov     r7, \acc_c
        lsls    r6, r3, #8
        subs    r2, r2, r6              // D
        lsls    r4, r2, #8
        asrs    r4, r4, #8              // S0
        subs    r2, r2, r4
        lsrs    r2, r2, #16             // 2^8 (S3 mod 2^8)
        subs    r6, r7, r2
        uxth    r6, r6                  // G = S2 mod 2^16
        lsls    r2, r6, #8
        subs    r3, r3, r2              // P
        lsls    r5, r3, #8
        asrs    r5, r5, #8              // S1
        subs    r3, r3, r5
        asrs    r3, r3, #8              // 2^16 (S2 >> 16)
        adds    r6, r6, r3              // S2
        subs    r7, r7, r6
        asrs    r7, r7, #8              // S3
.endm

// acc0..acc3 += four bytes, the word \w, times the weight in r2, by the four-multiply arithmetic of matvec_int8.c. 11 cycles; spoils \w
// and \scratch.
.macro  WORD4   w, scratch, acc0, acc1, acc2, acc3
        lsrs    \scratch, \w, #8
        muls    \scratch, r2
        add     \acc1, \scratch
        lsrs    \scratch, \w, #16
        muls    \scratch, r2
        add     \acc2, \scratch
        lsrs    \scratch, \w, #24
        muls    \scratch, r2
        add     \acc3, \scratch
        muls    \w, r2
        add     \acc0, \w
.endm
