// Eight int4 rows in four accumulators: the inner step of the int4 kernels, and how their sums are taken apart. Included by .S files only.
//
// Arithmetic. Word k of a block holds eight rows' weights of column k as nibbles n0..n7 = wq + 8; a[k] is an i32. With Sj = sum of wq x
// over a run of columns, modulo 2^32 and with M = 0x000f000f:
//     A0 = sum W x                    holds every row: S0 + 2^4 S1 + ... + 2^28 S7
//     Aj = sum ((W >> 4j) & M) x      = Sj + 2^16 S(j+4), j = 1, 2, 3
// so A0 - 2^4 A1 - 2^8 A2 - 2^12 A3 = S0 + 2^16 S4. All start at -8 sum(x), spread alike, which takes the 8 off. Lanes
// may wrap on the way and borrow from each other: at the end of the run the low sum is the low half, sign-extended, and
// the high one what is left, as long as every |Sj| <= 32767.
//
// Registers: r0 weights, r1 activations, r2 r3 words, r4 r5 activations, r6 scratch, r7 = M, r8..r11 = A0..A3.

// One column of eight rows: word \w, activation \x. 14 cycles.
.macro  MAC8    w, x
        lsrs    r6, \w, #4
        ands    r6, r7
        muls    r6, \x
        add     r9, r6
        lsrs    r6, \w, #8
        ands    r6, r7
        muls    r6, \x
        add     r10, r6
        lsrs    r6, \w, #12
        ands    r6, r7
        muls    r6, \x
        add     r11, r6
        muls    \w, \x
        add     r8, \w
.endm

// Two columns. 34 cycles.
.macro  COLUMNS2
        ldm     r1!, {r4, r5}
        ldm     r0!, {r2, r3}
        MAC8    r2, r4
        MAC8    r3, r5
.endm

// A1..A3 -> r1..r3, and what A0 has of them, 2^4 A1 + 2^8 A2 + 2^12 A3, in r4. 8 cycles.
.macro  FOLD_LANES
        mov     r1, r9
        mov     r2, r10
        mov     r3, r11
        lsls    r4, r3, #4
        adds    r4, r4, r2
        lsls    r4, r4, #4
        adds    r4, r4, r1
        lsls    r4, r4, #4
.endm

// A0..A3 -> sums of rows 0..3 in r4..r7, and their pairs in r8..r11; spoils r1..r3 and \scratch. 15 cycles.
.macro  LOW_ROWS scratch=r7
        FOLD_LANES
        mov     \scratch, r8
        subs    \scratch, \scratch, r4
        mov     r8, \scratch
        sxth    r4, \scratch
        sxth    r5, r1
        sxth    r6, r2
        sxth    r7, r3
.endm

// Pairs in r8..r11 -> sums of rows 4..7 in r4..r7. An arithmetic shift leaves the last bit lost in the carry, which rounds: the high
// lane is what is left, whose low neighbour may be below 0. 12 cycles; \zero = 0.
.macro  UPPER_ROWS zero=r3
        mov     r4, r8
        mov     r5, r9
        mov     r6, r10
        mov     r7, r11
        .irp    row, r4, r5, r6, r7
        asrs    \row, \row, #16
        adcs    \row, \zero
        .endr
.endm
