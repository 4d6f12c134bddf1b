/* Erases a sector, programs two pages, reads them back through XIP, and asks the chip for its identity. */
#include <stdio.h>
#include <string.h>
#include "hardware/flash.h"
#include "hardware/sync.h"
#include "pico/stdlib.h"

#define OFFSET 0x100000

static uint8_t page[2 * FLASH_PAGE_SIZE];

int main(void) {
  stdio_init_all();
  const uint8_t *seen = (const uint8_t *)(XIP_BASE + OFFSET);
  for (uint32_t i = 0; i < sizeof page; i++) {
    page[i] = (uint8_t)(i * 7 + 3);
  }
  uint32_t status = save_and_disable_interrupts();
  flash_range_erase(OFFSET, FLASH_SECTOR_SIZE);
  flash_range_program(OFFSET, page, sizeof page);
  restore_interrupts(status);
  printf("programmed %s\n", memcmp(seen, page, sizeof page) == 0 ? "right" : "wrong");
  printf("behind it %02x\n", seen[sizeof page]);

  memset(page, 0x0f, sizeof page);
  status = save_and_disable_interrupts();
  flash_range_program(OFFSET, page, FLASH_PAGE_SIZE);
  restore_interrupts(status);
  printf("bits only clear: %02x\n", seen[1]);

  status = save_and_disable_interrupts();
  flash_range_erase(OFFSET, FLASH_SECTOR_SIZE);
  restore_interrupts(status);
  printf("erased %02x %02x\n", seen[0], seen[4095]);

  uint8_t tx[4] = {0x9f, 0, 0, 0};
  uint8_t rx[4] = {0};
  status = save_and_disable_interrupts();
  flash_do_cmd(tx, rx, sizeof tx);
  restore_interrupts(status);
  printf("id %02x %02x %02x\n", rx[1], rx[2], rx[3]);
  printf("done\n");
}
