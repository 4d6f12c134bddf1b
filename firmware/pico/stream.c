#include "stream.h"

#include "../engine/engine.h"
#include "../kernels/activation.h"
#include "../kernels/attention.h"
#include "hardware/irq.h"
#include "hardware/regs/addressmap.h"
#include "hardware/regs/dreq.h"
#include "hardware/structs/nvic.h"
#include "hardware/structs/ssi.h"
#include "hardware/sync.h"
#include "pico.h"

#define CHANNEL (dma_hw->ch[SM_STREAM_CHANNEL])
#define CHANNEL_BIT (1u << SM_STREAM_CHANNEL)
#define LET_THROUGH (1u << UART0_IRQ | 1u << DMA_IRQ_0)
#define MOST_SLOTS 64u

struct sm_stream sm_stream;

static const struct sm_stream_piece *pieces, *layers_end, *pieces_end;
/* What is fetched next. */
static const struct sm_stream_piece *piece, *stop;
static uint32_t address, left; /* of the piece: flash address and number of its next tiles */
static uint32_t issued, burst_words;
static bool in_flight;
static uint32_t interrupts; /* enabled outside of a token */

static inline uint32_t freed(void) {
  uint32_t a = sm_stream.done[0], b = sm_stream.done[1];
  return a < b ? a : b;
}

/* Starts the next tile's transfer if there is one and a slot for it. */
static void __not_in_flash_func(fetch)(void) {
  if (in_flight || piece == stop) {
    return;
  }
  if (issued - freed() > sm_stream.mask) {
    /* Who makes room looks at this after it has; so look again. */
    sm_stream.starved = 1;
    __asm volatile("" ::: "memory");
    if (issued - freed() > sm_stream.mask) {
      return;
    }
  }
  sm_stream.starved = 0;
  uint32_t words = left == 1 ? piece->last_words : piece->words;
  if (words != burst_words) { /* the length holds still while the SSI is enabled */
    ssi_hw->ssienr = 0;
    ssi_hw->ctrlr1 = words - 1u;
    ssi_hw->ssienr = 1;
    burst_words = words;
  }
  CHANNEL.write_addr = (uint32_t)sm_stream.ring + (issued & sm_stream.mask) * sm_stream.slot_bytes;
  CHANNEL.al1_transfer_count_trig = words;
  /* Address and mode bits: those of XIP, so that the chip stays in its continuous mode. */
  ssi_hw->dr0 = address << 8 | ssi_hw->spi_ctrlr0 >> SSI_SPI_CTRLR0_XIP_CMD_LSB;
  in_flight = true;
  issued++;
  address += 4u * words;
  if (--left == 0 && ++piece != stop) {
    address = piece->address;
    left = piece->tiles;
  }
}

/* A tile has arrived, or there is room for one. */
static void __not_in_flash_func(on_dma)(void) {
  if (dma_hw->intr & CHANNEL_BIT) {
    dma_hw->ints0 = CHANNEL_BIT;
    in_flight = false;
    sm_stream.ready++;
  }
  dma_hw->intf0 = 0;
  fetch();
  __sev();
}

void __not_in_flash_func(sm_stream_begin)(uint32_t parts) {
  const struct sm_stream_piece *first = parts & SM_STREAM_LAYERS ? pieces : layers_end;
  const struct sm_stream_piece *end = parts & SM_STREAM_LOGITS ? pieces_end : layers_end;
  if (first == end) {
    return;
  }
  interrupts = nvic_hw->iser;
  nvic_hw->icer = ~LET_THROUGH;
  nvic_hw->iser = 1u << DMA_IRQ_0;
  while (ssi_hw->sr & SSI_SR_BUSY_BITS) {
  }
  ssi_hw->ssienr = 0;
  ssi_hw->dmacr = SSI_DMACR_RDMAE_BITS;
  ssi_hw->ssienr = 1;
  burst_words = 0;
  piece = first;
  stop = end;
  address = first->address;
  left = first->tiles;
  issued = 0;
  sm_stream.next = 0;
  sm_stream.ready = 0;
  sm_stream.starved = 0;
  sm_stream.done[0] = 0;
  sm_stream.done[1] = 0;
  sm_stream.active = 1;
  fetch();
}

void __not_in_flash_func(sm_stream_end)(void) {
  if (!sm_stream.active) {
    return;
  }
  while (in_flight) {
    __wfe();
  }
  sm_stream.active = 0;
  nvic_hw->icer = 1u << DMA_IRQ_0;
  ssi_hw->ssienr = 0;
  ssi_hw->ctrlr1 = 0;
  ssi_hw->dmacr = 0;
  ssi_hw->ssienr = 1;
  nvic_hw->iser = interrupts;
}

/* ---- preparation --------------------------------------------------------------------------------------------------------- */

static bool in_sram(const void *at) { return (uint32_t)at >> 28 == SRAM_BASE >> 28; }

/* Reads of four bits a clock without a command: what boot2 sets up for the chips of Pico boards. */
static bool flash_is_quad(void) {
  uint32_t frame = (ssi_hw->ctrlr0 & SSI_CTRLR0_SPI_FRF_BITS) >> SSI_CTRLR0_SPI_FRF_LSB;
  uint32_t instruction = (ssi_hw->spi_ctrlr0 & SSI_SPI_CTRLR0_INST_L_BITS) >> SSI_SPI_CTRLR0_INST_L_LSB;
  return frame == SSI_CTRLR0_SPI_FRF_VALUE_QUAD && instruction == SSI_SPI_CTRLR0_INST_L_VALUE_NONE;
}

static bool computes_in_sram(const struct sm_matrix *w) {
  return (w->tile != 0 || in_sram(w->words)) && in_sram(sm_matvec_kernel(w));
}

static bool activates_in_sram(const struct sm_layer *l) {
  struct sm_sigmoid s;
  sm_sigmoid_init(&s, NULL, l->p.fz);
  return s.left == 0;
}

static bool token_stays_in_sram(const struct sm_engine *e) {
  bool good = in_sram(e->sigma) && in_sram(e->exp_table) && in_sram(e->exp2) && (!e->rope || in_sram(e->rope)) &&
              in_sram(e->final_norm.g) && computes_in_sram(&e->output) && e->config.head_size % 2u == 0 &&
              e->config.head_size <= SM_SCORES_M0_SIZE;
  for (uint32_t i = 0; good && i < e->config.layers; i++) {
    const struct sm_layer *l = &e->layers[i];
    good = in_sram(l->attention_norm.g) && in_sram(l->ffn_norm.g) && computes_in_sram(&l->wqkv) &&
           computes_in_sram(&l->wo) && computes_in_sram(&l->w13) && computes_in_sram(&l->w2) && activates_in_sram(l);
  }
  return good;
}

/* Appends a matrix to the table when it streams. */
static void add(struct sm_stream_piece **end, const struct sm_matrix *w) {
  if (w->tile == 0) {
    return;
  }
  uint32_t rows = sm_block_rows(w->format), blocks = (w->rows + rows - 1u) / rows;
  uint32_t block_words = sm_block_words(w->format, w->columns) + rows / 2u;
  struct sm_stream_piece *p = (*end)++;
  p->address = (uint32_t)w->words - XIP_BASE;
  p->tiles = (blocks + w->tile - 1u) / w->tile;
  p->words = block_words * w->tile;
  p->last_words = block_words * (blocks - (p->tiles - 1u) * w->tile);
  if (4u * p->words > sm_stream.slot_bytes) {
    sm_stream.slot_bytes = 4u * p->words;
  }
}

bool sm_stream_open(const struct sm_engine *e, void *ring, uint32_t bytes) {
  pieces = layers_end = pieces_end = NULL;
  if (!flash_is_quad() || !token_stays_in_sram(e)) {
    return false;
  }
  /* The table first; the validator has seen to it that it and two slots fit. */
  struct sm_stream_piece *table = ring, *end = table;
  sm_stream.slot_bytes = 0;
  for (uint32_t i = 0; i < e->config.layers; i++) {
    const struct sm_layer *l = &e->layers[i];
    add(&end, &l->wqkv);
    add(&end, &l->wo);
    add(&end, &l->w13);
    add(&end, &l->w2);
  }
  const struct sm_stream_piece *last = end;
  add(&end, &e->output);
  if (end == table) {
    return false;
  }
  uint32_t room = bytes - (uint32_t)((uint8_t *)end - (uint8_t *)ring), slots = MOST_SLOTS;
  while (slots * sm_stream.slot_bytes > room) {
    slots >>= 1;
  }
  sm_stream.ring = (uint8_t *)end;
  sm_stream.mask = slots - 1u;
  pieces = table;
  layers_end = last;
  pieces_end = end;

  CHANNEL.read_addr = (uint32_t)&ssi_hw->dr0;
  CHANNEL.al1_ctrl = DMA_CH0_CTRL_TRIG_BSWAP_BITS | (uint32_t)DREQ_XIP_SSIRX << DMA_CH0_CTRL_TRIG_TREQ_SEL_LSB |
                     SM_STREAM_CHANNEL << DMA_CH0_CTRL_TRIG_CHAIN_TO_LSB | DMA_CH0_CTRL_TRIG_INCR_WRITE_BITS |
                     DMA_CH0_CTRL_TRIG_DATA_SIZE_VALUE_SIZE_WORD << DMA_CH0_CTRL_TRIG_DATA_SIZE_LSB | DMA_CH0_CTRL_TRIG_HIGH_PRIORITY_BITS |
                     DMA_CH0_CTRL_TRIG_EN_BITS;
  dma_hw->inte0 = CHANNEL_BIT;
  if (irq_get_exclusive_handler(DMA_IRQ_0) != on_dma) {
    irq_set_exclusive_handler(DMA_IRQ_0, on_dma);
  }
  return true;
}
