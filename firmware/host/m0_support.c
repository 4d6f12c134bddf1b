/*
 * What the engine needs from a runtime when it is linked alone for an RP2040 without the SDK: unsigned division on the
 * SIO divider, as the SDK does it. No interrupt uses the divider here, so its state is not saved.
 */
void __aeabi_uidiv(void);
void __aeabi_uidivmod(void);

/* r0 / r1 -> quotient in r0; the remainder comes with it in r1, so that one routine serves both names. */
__attribute__((naked)) void __aeabi_uidivmod(void) {
  __asm volatile(
      ".global __aeabi_uidiv\n"
      ".thumb_set __aeabi_uidiv, __aeabi_uidivmod\n"
      "movs r2, #0xd0\n"
      "lsls r2, r2, #24\n"
      "str  r0, [r2, #0x60]\n" /* DIV_UDIVIDEND */
      "str  r1, [r2, #0x64]\n" /* DIV_UDIVISOR: starts, ready 8 cycles later */
      "b    1f\n"
      "1: b 1f\n"
      "1: b 1f\n"
      "1: b 1f\n"
      "1: ldr r1, [r2, #0x74]\n" /* DIV_REMAINDER */
      "ldr  r0, [r2, #0x70]\n"   /* DIV_QUOTIENT, last */
      "bx   lr\n");
}
