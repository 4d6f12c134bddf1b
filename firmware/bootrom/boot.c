/*
 * Core 0 from reset to the second stage (datasheet 2.8.1): rescue flag, watchdog vector, BOOTSEL, then the first 256
 * bytes of flash into the top of SRAM5, checked and entered.
 */
#include "rom.h"

#define CHIP_RESET 0x40064008u
#define RESCUE_FLAG (1u << 24)
#define NOT_THERE 0xffffffffu

#define WATCHDOG_SCRATCH(n) (0x4005800cu + 4u * (n))
#define WATCHDOG_MAGIC 0xb007c0d3u

#define SIO_GPIO_HI_IN 0xd0000008u
#define IO_QSPI_SS_STATUS 0x40018008u
#define IO_QSPI_SS_CTRL 0x4001800cu
#define OUTPUT_ENABLE_OFF (2u << 12)
#define STATUS_IN_FROM_PAD (1u << 17)
#define PADS_QSPI_SS 0x40020018u
#define PAD_SS_INPUT 0x5au /* 4 mA, input enabled, Schmitt, pull-up */

#define BOOT2_ADDRESS 0x20041f00u
#define BOOT2_BYTES 256u
#define BOOT2_TRIES 128u

/* CRC-32/MPEG-2: polynomial 0x04c11db7, not reflected, no final XOR. */
static uint32_t boot2_crc(const uint8_t *bytes, size_t count) {
  uint32_t crc = 0xffffffffu;
  while (count-- > 0) {
    crc ^= (uint32_t)*bytes++ << 24;
    for (int bit = 0; bit < 8; bit++) {
      crc = (crc << 1) ^ ((crc >> 31) ? 0x04c11db7u : 0);
    }
  }
  return crc;
}

/* A chip whose rescue debug port was used stops here for the debugger. An absent register reads all ones. */
static void check_rescue(void) {
  uint32_t reset = REG(CHIP_RESET);
  if (reset != NOT_THERE && (reset & RESCUE_FLAG)) {
    REG(CHIP_RESET) = RESCUE_FLAG;
    rom_fault(FAULT_RESCUE);
  }
}

static void check_watchdog_vector(void) {
  uint32_t entry = REG(WATCHDOG_SCRATCH(7));
  if (REG(WATCHDOG_SCRATCH(4)) != WATCHDOG_MAGIC) {
    return;
  }
  bool valid = REG(WATCHDOG_SCRATCH(5)) == (entry ^ (0u - WATCHDOG_MAGIC));
  REG(WATCHDOG_SCRATCH(4)) = 0;
  if (valid) {
    rom_jump(REG(WATCHDOG_SCRATCH(6)), entry);
  }
}

/* The BOOTSEL button pulls the flash's chip select low through a resistor; the pad's pull-up wins when it is open. */
static bool bootsel_pressed(void) {
  REG(PADS_QSPI_SS) = PAD_SS_INPUT;
  REG(IO_QSPI_SS_CTRL) = OUTPUT_ENABLE_OFF;
  for (volatile uint32_t wait = 0; wait < 100; wait++) {
  }
  bool low = !(REG(SIO_GPIO_HI_IN) & 2u) && !(REG(IO_QSPI_SS_STATUS) & STATUS_IN_FROM_PAD);
  REG(IO_QSPI_SS_CTRL) = 0;
  return low;
}

_Noreturn void rom_boot_core0(void) {
  check_rescue();
  check_watchdog_vector();
  rom_connect_internal_flash();
  if (bootsel_pressed()) {
    rom_fault(FAULT_USB_BOOT);
  }
  uint8_t *boot2 = (uint8_t *)BOOT2_ADDRESS;
  const uint8_t read_from_0[4] = {0x03, 0, 0, 0};
  for (uint32_t attempt = 0; attempt < BOOT2_TRIES; attempt++) {
    rom_flash_exit_xip();
    rom_ssi_serial(attempt & 2 ? 12 : 6, attempt & 1 ? 3 : 0);
    rom_flash_command(read_from_0, sizeof read_from_0, boot2, BOOT2_BYTES);
    uint32_t stored = *(const uint32_t *)(BOOT2_ADDRESS + BOOT2_BYTES - 4);
    if (boot2_crc(boot2, BOOT2_BYTES - 4) == stored) {
      rom_flash_flush_cache(); /* also lets go of the chip select */
      rom_enter_boot2(BOOT2_ADDRESS);
    }
  }
  rom_fault(FAULT_NO_BOOT2);
}
