#include "board.h"

#include <stdbool.h>
#include <string.h>

#include "hardware/gpio.h"
#include "hardware/structs/io_qspi.h"
#include "hardware/structs/ssi.h"
#include "hardware/sync.h"
#include "pico.h"
#include "pico/bootrom.h"

#define MEGABYTE 0x100000u
#define ID_BYTES 8u
#define BOOT2_BYTES 256u
#define PROBE_BYTES 512u
#define LARGEST_FLASH (16u * MEGABYTE)
_Static_assert(BOOT2_BYTES + PROBE_BYTES <= SM_BOARD_SCRATCH_BYTES, "boot2 and the probe find room");

struct board {
  const char *name;
  uint32_t flash_bytes;
  uint8_t led; /* GPIO */
  bool led_active_low;
};

/* The first that has the flash's size is it; any other size is a generic board, whose pins nobody knows. On a Pico W GPIO 25
 * leads to the radio's chip select, where a level does no harm. */
static const struct board boards[] = {
    {"pico", 2u * MEGABYTE, 25, false},
    {"tiny2040", 8u * MEGABYTE, 19, true},
    {"pico_w", 0, SM_NO_LED, false},
    {"generic", 0, SM_NO_LED, false},
};
#define BOARDS (sizeof boards / sizeof boards[0])

static struct {
  uint32_t id, bytes;
  const struct board *board;
  char text[2 * ID_BYTES + 1];
} found;

/* All that the probe may call: the flash is not there while it runs. */
struct rom {
  void (*connect)(void);
  void (*exit_xip)(void);
  void (*flush_cache)(void);
  void (*boot2)(void);
};

static inline void __attribute__((always_inline)) select_chip(uint32_t level) {
  io_qspi_hw->io[1].ctrl =
      (io_qspi_hw->io[1].ctrl & ~IO_QSPI_GPIO_QSPI_SS_CTRL_OUTOVER_BITS) | level << IO_QSPI_GPIO_QSPI_SS_CTRL_OUTOVER_LSB;
}

static inline uint32_t __attribute__((always_inline)) exchange(uint32_t byte) {
  ssi_hw->dr0 = byte;
  while (!(ssi_hw->sr & SSI_SR_RFNE_BITS)) {
  }
  return ssi_hw->dr0;
}

/*
 * Reads the JEDEC id (9Fh) and the unique id (4Bh, 4 bytes of pause, 8 bytes). It lies in flash and is copied to SRAM to run,
 * which costs no SRAM afterwards: so it calls nothing but the ROM, and its constants lie behind it.
 */
static void __attribute__((noinline, aligned(4))) probe(const struct rom *rom, volatile uint8_t *out) {
  rom->connect();
  rom->exit_xip();
  select_chip(IO_QSPI_GPIO_QSPI_SS_CTRL_OUTOVER_VALUE_LOW);
  exchange(0x9f);
  for (uint32_t i = 0; i < 3; i++) {
    out[i] = (uint8_t)exchange(0);
  }
  select_chip(IO_QSPI_GPIO_QSPI_SS_CTRL_OUTOVER_VALUE_HIGH);
  select_chip(IO_QSPI_GPIO_QSPI_SS_CTRL_OUTOVER_VALUE_LOW);
  exchange(0x4b);
  for (uint32_t i = 0; i < 4; i++) {
    exchange(0);
  }
  for (uint32_t i = 0; i < ID_BYTES; i++) {
    out[3 + i] = (uint8_t)exchange(0);
  }
  select_chip(IO_QSPI_GPIO_QSPI_SS_CTRL_OUTOVER_VALUE_HIGH);
  rom->flush_cache(); /* also gives chip select back to the SSI */
  rom->boot2();
}

static void ask_chip(uint8_t *scratch, uint8_t out[3 + ID_BYTES]) {
  const void *code = (const void *)((uintptr_t)probe & ~1u);
  memcpy(scratch, (const void *)XIP_BASE, BOOT2_BYTES);
  memcpy(scratch + BOOT2_BYTES, code, PROBE_BYTES);
  const struct rom rom = {
      (void (*)(void))rom_func_lookup(ROM_FUNC_CONNECT_INTERNAL_FLASH),
      (void (*)(void))rom_func_lookup(ROM_FUNC_FLASH_EXIT_XIP),
      (void (*)(void))rom_func_lookup(ROM_FUNC_FLASH_FLUSH_CACHE),
      (void (*)(void))((uintptr_t)scratch | 1u),
  };
  void (*run)(const struct rom *, volatile uint8_t *) =
      (void (*)(const struct rom *, volatile uint8_t *))((uintptr_t)(scratch + BOOT2_BYTES) | 1u);
  uint32_t state = save_and_disable_interrupts();
  __compiler_memory_barrier();
  run(&rom, out);
  restore_interrupts(state);
}

/* A chip ignores address bits that it does not have: what lies at 0 shows again at its size. */
static uint32_t mirrored_bytes(void) {
  const uint8_t *flash = (const uint8_t *)XIP_NOCACHE_NOALLOC_BASE;
  uint32_t bytes = MEGABYTE / 2;
  while (bytes < LARGEST_FLASH && memcmp(flash, flash + bytes, BOOT2_BYTES) != 0) {
    bytes *= 2;
  }
  return bytes;
}

static const struct board *board_of(uint32_t flash_bytes) {
  const struct board *board = boards;
#ifdef SM_BOARD_FIXED
  (void)flash_bytes;
  while (board < boards + BOARDS - 1 && strcmp(board->name, SM_BOARD_FIXED) != 0) {
    board++;
  }
#else
  while (board < boards + BOARDS - 1 && board->flash_bytes != flash_bytes) {
    board++;
  }
#endif
  return board;
}

void sm_board_init(uint8_t *scratch) {
  uint8_t ids[3 + ID_BYTES];
  ask_chip(scratch, ids);
  found.id = (uint32_t)ids[0] << 16 | (uint32_t)ids[1] << 8 | ids[2];
  /* 2^capacity bytes, as most makers say it; 512 KB is the least that holds firmware and a model. */
  found.bytes = ids[2] >= 19 && ids[2] <= 24 ? 1u << ids[2] : mirrored_bytes();
  found.board = board_of(found.bytes);
  for (uint32_t i = 0; i < 2 * ID_BYTES; i++) {
    found.text[i] = "0123456789ABCDEF"[ids[3 + i / 2] >> (4 * (1 - i % 2)) & 15];
  }
  if (found.board->led != SM_NO_LED) {
    gpio_init(found.board->led);
    sm_board_show(0);
    gpio_set_dir(found.board->led, GPIO_OUT);
  }
}

const char *sm_board_name(void) {
#ifdef SM_BOARD_FIXED
  return SM_BOARD_FIXED;
#else
  return found.board->name;
#endif
}

uint32_t sm_board_flash_bytes(void) { return found.bytes; }
uint32_t sm_board_flash_id(void) { return found.id; }
const char *sm_board_id(void) { return found.text; }
uint32_t sm_board_led(void) { return found.board->led; }

void sm_board_show(int on) {
  if (found.board->led != SM_NO_LED) {
    gpio_put(found.board->led, (on != 0) != found.board->led_active_low);
  }
}
