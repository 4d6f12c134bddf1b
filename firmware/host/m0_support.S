// What the engine needs from a runtime when it is linked alone for an RP2040 without the SDK: unsigned division on the
// SIO divider, as the SDK does it. No interrupt uses the divider here, so its state is not saved.
//
// r0 / r1 -> quotient in r0, remainder in r1: one routine serves both names of the ABI.

        .syntax unified
        .cpu cortex-m0plus
        .thumb
        .section .text.divide, "ax"

        .global __aeabi_uidiv
        .global __aeabi_uidivmod
        .thumb_func
        .type   __aeabi_uidiv, %function
        .thumb_func
        .type   __aeabi_uidivmod, %function
__aeabi_uidiv:
__aeabi_uidivmod:
        movs    r2, #0xd0
        lsls    r2, r2, #24
        str     r0, [r2, #0x60]         // DIV_UDIVIDEND
        str     r1, [r2, #0x64]         // DIV_UDIVISOR: starts; ready 8 cycles later
        b       1f
1:      b       1f
1:      b       1f
1:      b       1f
1:      ldr     r1, [r2, #0x74]         // DIV_REMAINDER
        ldr     r0, [r2, #0x70]         // DIV_QUOTIENT, last
        bx      lr
        .size   __aeabi_uidiv, . - __aeabi_uidiv
