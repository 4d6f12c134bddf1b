/* Loads and stores to every kind of place. */
#include "row.inc"

.macro load_row name, address, offset=0
  row "\name", 8, "ldr r0, =\address; ldr r1, [r0, #\offset]", "ldr r1, [r0, #\offset]"
.endm

/** Stores back what was there. */
.macro store_row name, address, offset=0
  row "\name", 8, "ldr r0, =\address; ldr r1, [r0, #\offset]", "str r1, [r0, #\offset]"
.endm

/** Stores zero to an atomic alias: nothing changes but time. */
.macro alias_row name, address, offset=0
  row "\name", 8, "ldr r0, =\address; movs r1, #0", "str r1, [r0, #\offset]"
.endm

begin_rows target_rows
  load_row "sram.load-striped", conformance_buffer
  load_row "sram.load-unstriped", 0x21000000
  load_row "sram.load-sram4", 0x20040000
  load_row "sram.load-sram5", 0x20041000
  store_row "sram.store-striped", conformance_buffer
  store_row "sram.store-unstriped", 0x21000000
  store_row "sram.store-sram4", 0x20040ff0
  load_row "rom.load", 0x00000010
  load_row "xip.load-hit", conformance_flash_word

  load_row "sio.load", SIO
  store_row "sio.store", SIO, 0x10
  row "sio.store-byte", 8, "ldr r0, =SIO; movs r1, #0", "strb r1, [r0, #0x14]"
  row "sio.ldm-4", 8, "", "ldr r0, =SIO + 0x80; ldm r0!, {r1-r4}"
  row "sio.stm-4", 8, "movs r1, #0; movs r2, #0; movs r3, #0; movs r4, #0", "ldr r0, =SIO + 0x14; stm r0!, {r1-r4}"
  row "sio.spinlock-claim-release", 8, "ldr r0, =SIO + 0x178", "ldr r1, [r0]; str r1, [r0]"
  row "sio.fifo-status", 8, "ldr r0, =SIO", "ldr r1, [r0, #0x50]"
  row "sio.interp-accumulate-peek", 8, "ldr r0, =SIO + 0x80", "str r1, [r0]; ldr r2, [r0, #0x28]"
  row "sio.interp-pop", 8, "ldr r0, =SIO + 0x80", "ldr r2, [r0, #0x14]"
  row "sio.divider-csr", 8, "ldr r0, =SIO + 0x60", "ldr r1, [r0, #0x18]"
  /* Operands to quotient and remainder, waiting eight cycles in four branches. */
  row "sio.divide-inline", 1, "ldr r0, =SIO + 0x60; ldr r1, =1000; movs r2, #7", \
    "str r1, [r0]; str r2, [r0, #4]; b 1f; 1: b 1f; 1: b 1f; 1: b 1f; 1: ldr r3, [r0, #0x14]; ldr r4, [r0, #0x10]"
  /* The SDK's routine lies in flash: called once before, so that the cache has it. */
  row "published.hw-divider-divmod", 1, \
    "ldr r4, =hw_divider_divmod_s32; movs r0, #9; movs r1, #7; blx r4; ldr r0, =1000; movs r1, #7", "blx r4"

  load_row "ppb.load-systick", SYST_CVR
  load_row "ppb.load-nvic", NVIC_ISER
  load_row "ppb.load-vtor", 0xe000ed08
  row "ppb.store-nvic", 8, "ldr r0, =NVIC_ICPR; ldr r1, =1 << 26", "str r1, [r0]"

  load_row "apb.load-sysinfo", 0x40000000
  load_row "apb.load-timer", 0x40054028
  load_row "apb.load-watchdog", 0x4005800c
  load_row "apb.load-uart", 0x40038024
  load_row "apb.load-spi", 0x4003c010
  load_row "apb.load-i2c", 0x40044014
  store_row "apb.store-watchdog", 0x4005800c
  store_row "apb.store-uart", 0x40038024
  alias_row "apb.xor-alias", 0x4005900c
  alias_row "apb.set-alias", 0x4005a00c
  alias_row "apb.clear-alias", 0x4005b00c
  alias_row "apb.xor-alias-uart", 0x40039024
  alias_row "apb.set-alias-uart", 0x4003a024
  alias_row "apb.clear-alias-uart", 0x4003b024
  alias_row "apb.set-alias-spi", 0x4003e010
  alias_row "apb.set-alias-i2c", 0x40046014
  row "apb.store-byte", 8, "ldr r0, =0x4005800c; movs r1, #0", "strb r1, [r0]"
  row "apb.store-then-load", 8, "ldr r0, =0x4005800c; movs r1, #0", "str r1, [r0]; ldr r2, [r0]"

  load_row "fastperi.load-dma", 0x50000000
  load_row "fastperi.load-pio", 0x502000c8
  load_row "fastperi.load-usb-dpram", 0x50100100
  store_row "fastperi.store-dma", 0x50000000
  store_row "fastperi.store-pio", 0x502000c8
  store_row "fastperi.store-usb-dpram", 0x50100100
  alias_row "fastperi.set-alias-dma", 0x50002000

  load_row "xip-control.load", 0x14000000
  row "xip-control.store", 8, "ldr r0, =0x1400000c; movs r1, #0", "str r1, [r0]"
  load_row "ssi.load", 0x18000028
  alias_row "ssi.store", 0x18000018
  alias_row "ssi.set-alias", 0x18002018
end_rows
