/* Flash through the XIP cache: hits, misses, half lines, aliases, execution, and the cache as SRAM. */
#include "row.inc"

  .equ XIP_CTRL, 0x14000000
  .equ XIP_FLUSH, 0x14000004
  .equ SSI_SSIENR, 0x18000008
  /* Nothing of this program lies there. */
  .equ WORD, 0x10100000

.macro flush
  ldr r0, =XIP_FLUSH
  movs r1, #1
  str r1, [r0]
  ldr r1, [r0]
.endm

/** clk_sys cycles per SCK cycle; the flash stays in its continuous read mode. */
.macro divider n
  ldr r0, =SSI_SSIENR
  movs r1, #0
  movs r2, #\n
  movs r3, #1
  str r1, [r0]
  str r2, [r0, #12]
  str r3, [r0]
.endm

.macro cache_enable on
  ldr r2, =XIP_CTRL
  movs r3, #(2 | \on)
  str r3, [r2]
.endm

.macro divided_rows n
  row "xip.load-bypass-div\n", 8, "divider \n; ldr r0, =WORD + 0x03000000; ldr r1, [r0]", "ldr r1, [r0]", "mov r4, r5; divider 2; mov r5, r4"
  row "xip.load-miss-div\n", 1, "divider \n; flush; ldr r0, =WORD", "ldr r1, [r0]", "mov r4, r5; divider 2; mov r5, r4"
  row "xip.load-half-line-div\n", 1, "divider \n; flush; ldr r0, =WORD; ldr r1, [r0]", "ldr r1, [r0, #4]", "mov r4, r5; divider 2; mov r5, r4"
.endm

  .pushsection .text.conformance_flash, "ax"
  .balign 16
  .thumb_func
  .type flash_nops, %function
flash_nops:
  .rept 64
  nop
  .endr
  bx lr
  .balign 16
  .popsection

begin_rows xip_rows
  divided_rows 2
  divided_rows 4
  row "xip.load-after-miss", 8, "flush; ldr r0, =WORD; ldr r1, [r0]", "ldr r1, [r0]"
  row "xip.ldm-4-misses", 1, "flush; ldr r0, =WORD", "ldm r0!, {r1-r4}"
  row "xip.no-allocate-then-load", 1, "flush; ldr r0, =WORD + 0x01000000; ldr r1, [r0]; ldr r0, =WORD", "ldr r1, [r0]"
  row "xip.no-allocate-hit", 8, "flush; ldr r0, =WORD; ldr r1, [r0]; ldr r0, =WORD + 0x01000000", "ldr r1, [r0]"
  row "xip.no-lookup", 8, "flush; ldr r0, =WORD; ldr r1, [r0]; ldr r0, =WORD + 0x02000000", "ldr r1, [r0]"
  row "xip.cache-off", 8, "cache_enable 0; ldr r0, =WORD; ldr r1, [r0]", "ldr r1, [r0]", "cache_enable 1"
  row "xip.sram-load", 8, "cache_enable 0; ldr r0, =0x15000000", "ldr r1, [r0]", "cache_enable 1"
  row "xip.sram-store", 8, "cache_enable 0; ldr r0, =0x15000000", "str r1, [r0]", "cache_enable 1"
  row "xip.sram-store-then-load", 8, "cache_enable 0; ldr r0, =0x15000000", "str r1, [r0]; ldr r1, [r0]", "cache_enable 1"
  row "xip.flush", 1, "ldr r0, =XIP_FLUSH; movs r1, #1", "str r1, [r0]; ldr r2, [r0]"
  row "xip.execute-hit", 1, "ldr r0, =flash_nops; blx r0", "blx r0"
  row "xip.execute-miss", 1, "flush; ldr r0, =flash_nops", "blx r0"
end_rows
