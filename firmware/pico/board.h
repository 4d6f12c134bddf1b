/*
 * What this firmware fixes about the board: a Raspberry Pi Pico or one with the same flash layout and UART0 pins.
 */
#ifndef SM_BOARD_H
#define SM_BOARD_H

#define SM_FIRMWARE_VERSION "0.1.0"
#define SM_BOARD_NAME PICO_BOARD

#define SM_UART_TX_PIN 0u
#define SM_UART_RX_PIN 1u
#define SM_BAUD 115200u

/* The model image lies here (models/IMAGE.md). */
#define SM_MODEL_FLASH_OFFSET 0x00040000u
#define SM_MODEL_ADDRESS (XIP_BASE + SM_MODEL_FLASH_OFFSET)
#define SM_MODEL_FLASH_LIMIT (PICO_FLASH_SIZE_BYTES - SM_MODEL_FLASH_OFFSET)

/* SRAM for the engine: weights placed there, KV cache, activations. 228 KB. */
#define SM_ARENA_BYTES 233472u

#endif
