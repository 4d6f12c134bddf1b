/*
 * What lies where in SRAM and flash, from the linker's symbols and the model's plan.
 */
#ifndef SM_MEMORY_MAP_H
#define SM_MEMORY_MAP_H

#include <stdint.h>

struct sm_memory_region {
  const char *name;
  uint32_t address;
  uint32_t bytes;
};

#define SM_MEMORY_REGIONS 13u

/* Fills the table. Returns how many regions there are. */
uint32_t sm_memory_map(struct sm_memory_region regions[SM_MEMORY_REGIONS]);

#endif
