/* Flash in bulk: streaming, direct transfers, and the counters of the XIP cache. Nothing here may run from flash. */
#include "hardware/dma.h"
#include "hardware/irq.h"
#include "hardware/structs/ssi.h"
#include "hardware/structs/xip_ctrl.h"
#include "rows.h"

#define FEW_WORDS 16u
#define MANY_WORDS 48u
#define FLASH_OFFSET 0x100000u
/** Mode bits of a continuous quad read. */
#define CONTINUE 0xa0u
/** Addresses this far apart share a set of the cache. */
#define WAY_WORDS 2048u

static const volatile uint32_t *const flash_words = (const volatile uint32_t *)(XIP_BASE + FLASH_OFFSET);

static void flush(void) {
  xip_ctrl_hw->flush = 1;
  (void)xip_ctrl_hw->flush;
}

static void prepare_dma(const volatile void *from, uint32_t dreq, uint32_t count) {
  dma_channel_config config = dma_channel_get_default_config(0);
  channel_config_set_read_increment(&config, false);
  channel_config_set_write_increment(&config, true);
  channel_config_set_dreq(&config, dreq);
  dma_channel_configure(0, &config, conformance_buffer, from, count, true);
  dma_hw->ints0 = 1;
  dma_hw->inte0 = 1;
  wait_for_irq(DMA_IRQ_0);
}

static void finish_dma(void) {
  dma_hw->inte0 = 0;
  dma_hw->ints0 = 1;
  wait_for_no_irq();
}

static uint32_t stream(uint32_t count) {
  prepare_dma((const void *)XIP_AUX_BASE, DREQ_XIP_STREAM, count);
  xip_ctrl_hw->stream_addr = XIP_BASE + FLASH_OFFSET;
  const uint32_t cycles = span_to_interrupt(&xip_ctrl_hw->stream_ctr, count);
  finish_dma();
  return cycles;
}

static void set_ssi(uint32_t frames, uint32_t dma) {
  ssi_hw->ssienr = 0;
  ssi_hw->ctrlr1 = frames;
  ssi_hw->dmacr = dma;
  ssi_hw->ssienr = 1;
}

static uint32_t IN_SRAM(direct)(uint32_t count) {
  prepare_dma(&ssi_hw->dr0, DREQ_XIP_SSIRX, count);
  set_ssi(count - 1, 1);
  const uint32_t cycles = span_to_interrupt(&ssi_hw->dr0, FLASH_OFFSET << 8 | CONTINUE);
  while (ssi_hw->sr & SSI_SR_BUSY_BITS) continue;
  set_ssi(0, 0);
  finish_dma();
  return cycles;
}

static void rates(void) {
  report("xip.stream-word", "cycles", MANY_WORDS - FEW_WORDS, (int32_t)(stream(MANY_WORDS) - stream(FEW_WORDS)));
  report("ssi.direct-word", "cycles", MANY_WORDS - FEW_WORDS, (int32_t)(direct(MANY_WORDS) - direct(FEW_WORDS)));
}

static uint32_t hits, accesses;

/** Reads three words in turn, after a flush, with nothing else on the way to flash. */
static void IN_SRAM(count_hits)(uint32_t b_words, uint32_t c_words, uint32_t rounds) {
  flush();
  xip_ctrl_hw->ctr_hit = 0;
  xip_ctrl_hw->ctr_acc = 0;
  read_words(flash_words, flash_words + b_words, flash_words + c_words, rounds);
  hits = xip_ctrl_hw->ctr_hit;
  accesses = xip_ctrl_hw->ctr_acc;
}

static void counters(void) {
  count_hits(1, 0, 8);
  report("xip.count-accesses", "accesses", 1, (int32_t)accesses);
  report("xip.count-hits", "accesses", 1, (int32_t)hits);
  count_hits(WAY_WORDS, WAY_WORDS, 8);
  report("xip.two-way-hits", "accesses", 1, (int32_t)hits);
  count_hits(WAY_WORDS, 2 * WAY_WORDS, 8);
  report("xip.three-way-hits", "accesses", 1, (int32_t)hits);
}

void flash_rows(void) {
  rates();
  counters();
}
