/*
 * What DMA moves, and how fast. The rate of a transfer is the difference between a long and a short one, so that starting and
 * ending it do not count. The cores are not on the bus meanwhile.
 */
#include "hardware/dma.h"
#include "hardware/irq.h"
#include "hardware/structs/nvic.h"
#include "hardware/structs/sysinfo.h"
#include "hardware/structs/watchdog.h"
#include "hardware/structs/xip_ctrl.h"
#include "rows.h"

#define SHORT_WORDS 64u
#define LONG_WORDS 192u

struct transfer {
  const volatile void *from;
  volatile void *to;
  bool from_steps;
  bool to_steps;
  enum dma_channel_transfer_size size;
  uint dreq;
};

void wait_for_irq(uint32_t irq) {
  nvic_hw->icer = 0xffffffff;
  nvic_hw->icpr = 0xffffffff;
  nvic_hw->iser = 1u << irq;
}

void wait_for_no_irq(void) {
  nvic_hw->icer = 0xffffffff;
  nvic_hw->icpr = 0xffffffff;
}

static void prepare(uint channel, const struct transfer *transfer, uint32_t count, uint chain_to) {
  dma_channel_config config = dma_channel_get_default_config(channel);
  channel_config_set_read_increment(&config, transfer->from_steps);
  channel_config_set_write_increment(&config, transfer->to_steps);
  channel_config_set_transfer_data_size(&config, transfer->size);
  channel_config_set_dreq(&config, transfer->dreq);
  channel_config_set_chain_to(&config, chain_to);
  dma_channel_configure(channel, &config, transfer->to, transfer->from, count, false);
}

/** Cycles from a store to the end of a channel. */
static uint32_t until_done(volatile uint32_t *trigger, uint32_t value, uint last) {
  dma_hw->ints0 = 0xffff;
  dma_hw->inte0 = 1u << last;
  wait_for_irq(DMA_IRQ_0);
  const uint32_t cycles = span_to_interrupt(trigger, value) - empty_cycles;
  dma_hw->inte0 = 0;
  dma_hw->ints0 = 0xffff;
  wait_for_no_irq();
  return cycles;
}

static uint32_t run(uint32_t channels, uint last) {
  return until_done(&dma_hw->multi_channel_trigger, channels, last);
}

/** Each channel moves the same number of elements between the same places. */
static uint32_t copy(const struct transfer *transfer, uint channels, uint32_t count) {
  for (uint channel = 0; channel < channels; channel++) prepare(channel, transfer, count, channel);
  return run((1u << channels) - 1, channels - 1);
}

static void rate(const char *name, const struct transfer *transfer, uint channels) {
  copy(transfer, channels, SHORT_WORDS);
  const uint32_t few = copy(transfer, channels, SHORT_WORDS);
  const uint32_t many = copy(transfer, channels, LONG_WORDS);
  report(name, "cycles", channels * (LONG_WORDS - SHORT_WORDS), (int32_t)(many - few));
}

static struct transfer words(const volatile void *from, volatile void *to) {
  return (struct transfer){from, to, true, true, DMA_SIZE_32, DREQ_FORCE};
}

static void memory_rates(void) {
  struct transfer transfer = words(conformance_buffer, conformance_buffer + 512);
  rate("dma.copy-striped", &transfer, 1);
  rate("dma.copy-striped-2-channels", &transfer, 2);
  transfer = words(bank(0), bank(1));
  rate("dma.copy-different-banks", &transfer, 1);
  rate("dma.copy-different-banks-2-channels", &transfer, 2);
  rate("dma.copy-different-banks-4-channels", &transfer, 4);
  transfer.size = DMA_SIZE_8;
  rate("dma.copy-bytes", &transfer, 1);
  transfer = words(bank(0), bank(0) + 512);
  rate("dma.copy-same-bank", &transfer, 1);
  rate("dma.copy-same-bank-2-channels", &transfer, 2);
  transfer = words((const void *)0, bank(1));
  rate("dma.copy-from-rom", &transfer, 1);
}

static void peripheral_rates(void) {
  struct transfer transfer = words(bank(0), &watchdog_hw->scratch[0]);
  transfer.to_steps = false;
  rate("dma.to-apb", &transfer, 1);
  transfer = words(&sysinfo_hw->chip_id, bank(0));
  transfer.from_steps = false;
  rate("dma.from-apb", &transfer, 1);
  transfer = words((const void *)0x50100100, bank(0));
  rate("dma.from-fastperi", &transfer, 1);
}

/** The store that starts the pacing timer starts it all, so that its phase is always the same. */
static uint32_t paced(uint32_t count) {
  struct transfer transfer = words(bank(0), bank(1));
  transfer.dreq = DREQ_DMA_TIMER0;
  dma_hw->timer[0] = 0;
  prepare(0, &transfer, count, 0);
  dma_hw->multi_channel_trigger = 1;
  const uint32_t cycles = until_done(&dma_hw->timer[0], 1u << 16 | 10, 0);
  dma_hw->timer[0] = 0;
  return cycles;
}

static void latencies(void) {
  const struct transfer transfer = words(bank(0), bank(1));
  report("dma.one-word", "cycles", 1, (int32_t)copy(&transfer, 1, 1));
  prepare(0, &transfer, 1, 1);
  prepare(1, &transfer, 1, 1);
  report("dma.one-word-chained-to-another", "cycles", 1, (int32_t)run(1, 1));
}

void dma_rows(void) {
  memory_rates();
  peripheral_rates();
  report("dma.paced-1-in-10", "cycles", 100, (int32_t)(paced(150) - paced(50)));
  latencies();
}
