/*
 * What the files of the boot ROM share: register addresses (RP2040 datasheet), fault codes, and the few functions
 * that call each other. The ROM has no data and no bss: everything here is code, constants and registers.
 */
#ifndef SM_ROM_H
#define SM_ROM_H

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

/* Atomic aliases of the peripherals on APB and AHB-Lite (datasheet 2.1.2). */
#define SET_ALIAS 0x2000u
#define CLEAR_ALIAS 0x3000u

/** Ends in the breakpoint that names what this ROM does not offer; see README.md. Never returns. */
_Noreturn void rom_fault(uint32_t code);

/** Enters the second stage at `entry` (without Thumb bit) with LR = 0, as the chip does. Never returns. */
_Noreturn void rom_enter_boot2(uint32_t entry);

/** Sets SP and branches; used for the watchdog scratch vector. Never returns. */
_Noreturn void rom_jump(uint32_t sp, uint32_t entry);

/** Core 0 after reset: never returns. Called from the reset vector. */
_Noreturn void rom_boot_core0(void);

void rom_connect_internal_flash(void);
void rom_flash_exit_xip(void);
void rom_flash_range_erase(uint32_t offset, size_t count, uint32_t block_size, uint8_t block_command);
void rom_flash_range_program(uint32_t offset, const uint8_t *data, size_t count);
void rom_flash_flush_cache(void);
void rom_flash_enter_cmd_xip(void);

/** One command in serial mode with the chip select held: sends `tx_count` bytes, then reads `rx_count` into `rx`. */
void rom_flash_command(const uint8_t *tx, size_t tx_count, uint8_t *rx, size_t rx_count);

/** Puts the SSI into 8-bit serial mode: clock divider and SPI mode (0 or 3). */
void rom_ssi_serial(uint32_t divider, uint32_t spi_mode);
#endif

/* Fault codes, the order of rom_fault_names in vectors.S. */
#define FAULT_USB_BOOT 1
#define FAULT_NO_BOOT2 2
#define FAULT_RESCUE 3
#define FAULT_NMI 4
#define FAULT_HARD_FAULT 5
#define FAULT_DEBUG_TRAMPOLINE 6
#define FAULT_DEPRECATED 7

#endif
