#include "memory_map.h"

#include "board.h"
#include "hardware/regs/addressmap.h"
#include "model.h"
#include "usb_ram.h"

extern char __flash_binary_start, __flash_binary_end, __data_start__, __data_end__, __bss_start__, __bss_end__;
extern char __scratch_x_start__, __scratch_x_end__, __scratch_y_start__, __scratch_y_end__;
extern char __StackBottom, __StackTop, __StackOneBottom, __StackOneTop;

static uint32_t at(const void *symbol) { return (uint32_t)(uintptr_t)symbol; }

static struct sm_memory_region between(const char *name, const char *start, const char *end) {
  return (struct sm_memory_region){name, at(start), (uint32_t)(end - start)};
}

uint32_t sm_memory_map(struct sm_memory_region regions[SM_MEMORY_REGIONS]) {
  uint32_t n = 0;
  uint32_t arena = at(sm_model_arena());
  uint32_t used = sm_model.error == 0 ? sm_model.image.arena_bytes : 0;
  uint32_t end = at(&__bss_end__);
  regions[n++] = between("flash: firmware", &__flash_binary_start, &__flash_binary_end);
  if (sm_model.error == 0) {
    regions[n++] = (struct sm_memory_region){"flash: model", SM_MODEL_ADDRESS, sm_model.image.total_bytes};
  }
  regions[n++] = (struct sm_memory_region){"sram: vectors", SRAM_BASE, arena - SRAM_BASE};
  regions[n++] = (struct sm_memory_region){"sram: arena, planned", arena, used};
  regions[n++] = (struct sm_memory_region){"sram: arena, free", arena + used, SM_ARENA_BYTES - used};
  regions[n++] = between("sram: code and data", &__data_start__, &__data_end__);
  regions[n++] = between("sram: variables", &__bss_start__, &__bss_end__);
  regions[n++] = (struct sm_memory_region){"sram: free", end, SRAM4_BASE - end};
  regions[n++] = between("sram: prompt and sending buffers", &__scratch_x_start__, &__scratch_x_end__);
  regions[n++] = between("sram: serial and console buffers", &__scratch_y_start__, &__scratch_y_end__);
  if (&__StackOneTop != &__StackOneBottom) {
    regions[n++] = between("sram: stack of core 1", &__StackOneBottom, &__StackOneTop);
  }
  regions[n++] = between("sram: stack of core 0", &__StackBottom, &__StackTop);
  regions[n++] = (struct sm_memory_region){"usb: cold buffers", SM_USB_RAM_ADDRESS, sizeof(struct sm_usb_memory)};
  return n;
}
