/*
 * What the firmware knows about the board it runs on. One program serves all boards in the table of board.c: the size of
 * the flash is asked of the chip itself. Build options fix what cannot be asked (firmware/README.md, Boards).
 */
#ifndef SM_BOARD_H
#define SM_BOARD_H

#include <stdint.h>

#define SM_FIRMWARE_VERSION "0.1.0"

#define SM_UART_TX_PIN 0u
#define SM_UART_RX_PIN 1u
#define SM_BAUD 115200u

/* The model image lies here (models/IMAGE.md). */
#define SM_MODEL_FLASH_OFFSET 0x00040000u
#define SM_MODEL_ADDRESS (XIP_BASE + SM_MODEL_FLASH_OFFSET)
#define SM_MODEL_FLASH_LIMIT (sm_board_flash_bytes() - SM_MODEL_FLASH_OFFSET)

/* SRAM for the engine: weights placed there, KV cache, activations. 228 KB. */
#define SM_ARENA_BYTES 233472u

#define SM_NO_LED 0xffu

/* Asks the flash chip for its ids. `scratch`: SM_BOARD_SCRATCH_BYTES of SRAM, overwritten. Call once, before core 1 or any
 * interrupt runs: the flash cannot be read meanwhile. */
#define SM_BOARD_SCRATCH_BYTES 1024u
void sm_board_init(uint8_t *scratch);

/* "pico", "tiny2040", "generic", or what the build fixed. */
const char *sm_board_name(void);

/* By the chip's JEDEC id; by mirrored addresses when that says no size. A power of two. */
uint32_t sm_board_flash_bytes(void);

/* JEDEC id: manufacturer << 16 | type << 8 | capacity. */
uint32_t sm_board_flash_id(void);

/* The flash chip's unique id, 16 hexadecimal digits: also the USB serial number. */
const char *sm_board_id(void);

/* GPIO of the LED that shines while a story is computed, or SM_NO_LED. */
uint32_t sm_board_led(void);
void sm_board_show(int on);

#endif
