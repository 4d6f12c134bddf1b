/* Two cores, and a core and DMA, on the same bank and on different ones, with the bus counters that watch them. */
#include <string.h>
#include "hardware/dma.h"
#include "hardware/structs/bus_ctrl.h"
#include "hardware/structs/sio.h"
#include "pico/multicore.h"
#include "rows.h"

#define NOPS_BYTES 144u
#define SETTLING_READS 64

typedef uint32_t core0_part(uint32_t address, volatile uint32_t *trigger, uint32_t value);
typedef uint32_t core1_part(uint32_t address);
core0_part core0_ldm, core0_stm, core0_ldr, core0_call, core0_ping;
core1_part core1_ldm, core1_stm, core1_ldr, core1_call, core1_echo;
void core1_worker(void);
extern const uint8_t nops_to_copy[];

/** Events "contested" of the four striped banks and of XIP. */
static const uint8_t bank_events[4] = {arbiter_sram0_perf_event_access_contested, arbiter_sram1_perf_event_access_contested,
                                       arbiter_sram2_perf_event_access_contested, arbiter_sram3_perf_event_access_contested};
static const uint8_t xip_events[4] = {arbiter_xip_main_perf_event_access_contested, 0x1f, 0x1f, 0x1f};

struct names {
  const char *core0, *core1, *contested;
};
/** The three rows of a case. */
#define NAMES(name) \
  &(const struct names) { name "-core0", name "-core1", name "-contested" }

static uint32_t receive(void) {
  while (!(sio_hw->fifo_st & SIO_FIFO_ST_VLD_BITS)) continue;
  return sio_hw->fifo_rd;
}

static void watch(const uint8_t events[4]) {
  for (int i = 0; i < 4; i++) bus_ctrl_hw->counter[i].sel = events[i];
  for (int i = 0; i < 4; i++) bus_ctrl_hw->counter[i].value = 0;
}

static int32_t contested(void) {
  uint32_t sum = 0;
  for (int i = 0; i < 4; i++) sum += bus_ctrl_hw->counter[i].value;
  for (int i = 0; i < 4; i++) bus_ctrl_hw->counter[i].sel = 0x1f;
  return (int32_t)sum;
}

static void together(const struct names *names, core0_part *part0, uint32_t address0, core1_part *part1, uint32_t address1,
                     const uint8_t events[4]) {
  sio_hw->fifo_wr = (uint32_t)(uintptr_t)part1;
  sio_hw->fifo_wr = address1;
  receive();  // core 1 is about to sleep
  for (int i = 0; i < SETTLING_READS; i++) (void)sio_hw->cpuid;
  watch(events);
  const uint32_t cycles0 = part0(address0, &sio_hw->gpio_set, 0);
  const uint32_t cycles1 = receive();
  const int32_t lost = contested();
  report(names->core0, "cycles", 1, (int32_t)(cycles0 - empty_cycles));
  report(names->core1, "cycles", 1, (int32_t)(cycles1 - empty_cycles));
  report(names->contested, "accesses", 1, lost);
}

static uint32_t in_bank(int n) {
  return (uint32_t)(uintptr_t)bank(n);
}

static void loads_and_stores(void) {
  const uint32_t striped = (uint32_t)(uintptr_t)conformance_buffer;
  together(NAMES("pair.ldm-same-bank"), core0_ldm, in_bank(0), core1_ldm, in_bank(0), bank_events);
  together(NAMES("pair.ldm-different-banks"), core0_ldm, in_bank(0), core1_ldm, in_bank(1), bank_events);
  together(NAMES("pair.ldm-striped"), core0_ldm, striped, core1_ldm, striped, bank_events);
  together(NAMES("pair.stm-same-bank"), core0_stm, in_bank(0), core1_stm, in_bank(0), bank_events);
  together(NAMES("pair.ldr-same-bank"), core0_ldr, in_bank(0), core1_ldr, in_bank(0), bank_events);
  together(NAMES("pair.ldm-and-ldr-same-bank"), core0_ldm, in_bank(0), core1_ldr, in_bank(0), bank_events);
}

static void priorities(void) {
  bus_ctrl_hw->priority = BUSCTRL_BUS_PRIORITY_PROC0_BITS;
  together(NAMES("pair.ldm-core0-first"), core0_ldm, in_bank(0), core1_ldm, in_bank(0), bank_events);
  bus_ctrl_hw->priority = BUSCTRL_BUS_PRIORITY_PROC1_BITS;
  together(NAMES("pair.ldm-core1-first"), core0_ldm, in_bank(0), core1_ldm, in_bank(0), bank_events);
  bus_ctrl_hw->priority = 0;
}

static void code(void) {
  memcpy(bank(0), nops_to_copy, NOPS_BYTES);
  memcpy(bank(1), nops_to_copy, NOPS_BYTES);
  together(NAMES("pair.code-same-bank"), core0_call, in_bank(0) | 1, core1_call, in_bank(0) | 1, bank_events);
  together(NAMES("pair.code-different-banks"), core0_call, in_bank(0) | 1, core1_call, in_bank(1) | 1, bank_events);
  const uint32_t flash = (uint32_t)(uintptr_t)nops_to_copy | 1;
  core0_call(flash, &sio_hw->gpio_set, 0);  // now the cache has it
  together(NAMES("pair.code-xip-hit"), core0_call, flash, core1_call, flash, xip_events);
}

/** Core 0 against a copy by DMA that goes on throughout. */
static void with_dma(const char *name, const char *contested_name, int from, int to) {
  dma_channel_config config = dma_channel_get_default_config(0);
  channel_config_set_write_increment(&config, true);
  dma_channel_configure(0, &config, bank(to) + 1024, bank(from) + 1024, 1024, false);
  watch(bank_events);
  const uint32_t cycles = core0_ldm(in_bank(0), &dma_hw->multi_channel_trigger, 1);
  while (dma_channel_is_busy(0)) continue;
  const int32_t lost = contested();
  report(name, "cycles", 1, (int32_t)(cycles - empty_cycles));
  report(contested_name, "accesses", 1, lost);
}

static void ping_pong(void) {
  sio_hw->fifo_wr = (uint32_t)(uintptr_t)core1_echo;
  sio_hw->fifo_wr = 0;
  receive();
  for (int i = 0; i < SETTLING_READS; i++) (void)sio_hw->cpuid;
  const uint32_t cycles = core0_ping(0, &sio_hw->gpio_set, 0);
  receive();
  report("sio.fifo-round-trip", "cycles", 16, (int32_t)(cycles - empty_cycles));
}

void pair_rows(void) {
  with_dma("pair.ldm-dma-reads-bank", "pair.ldm-dma-reads-bank-contested", 0, 1);
  with_dma("pair.ldm-dma-elsewhere", "pair.ldm-dma-elsewhere-contested", 2, 1);
  multicore_launch_core1(core1_worker);
  loads_and_stores();
  priorities();
  code();
  ping_pong();
  multicore_reset_core1();
}
