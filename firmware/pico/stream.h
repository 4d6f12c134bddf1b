/*
 * Weights from flash while the cores compute. The SSI reads the tiles of the streamed matrices, in the order in which a token
 * needs them, with one command a tile; DMA moves them to a ring of slots in the arena. Also the engine's porting header for
 * streams (engine/port.h).
 *
 * While a token streams, the SSI serves no XIP read: all code and data that anybody touches lie in SRAM, and of the
 * interrupts only those of DMA and UART0 are let through. Owns DMA channel 0 and DMA_IRQ_0 of core 0.
 */
#ifndef SM_STREAM_H
#define SM_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "hardware/structs/dma.h"

#define SM_STREAM_BEGIN(parts) sm_stream_begin(parts)
#define SM_STREAM_END() sm_stream_end()
#define SM_STREAM_MATRIX(cores) sm_stream_matrix(cores)
#define SM_STREAM_TILE(number, in_place) sm_stream_tile(number, in_place)
#define SM_STREAM_DONE(core, next) sm_stream_done(core, next)
#define SM_STREAM_PASSED(tiles) (sm_stream.next += (tiles))

#define SM_STREAM_CHANNEL 0u

struct sm_engine;

/* A streamed matrix. Its table lies in the ring's region, after the slots. */
struct sm_stream_piece {
  uint32_t address; /* in flash */
  uint32_t words, last_words; /* of a tile, of the last one */
  uint32_t tiles;
};

/* Tiles are numbered from 0 in each token. */
struct sm_stream {
  volatile uint32_t ready;   /* tiles that have arrived */
  volatile uint32_t done[2]; /* per core: the tile that it needs next; all before it may be overwritten */
  volatile uint32_t starved; /* the next tile waits for a slot */
  uint32_t active;           /* the SSI belongs to the stream */
  uint8_t *ring;
  uint32_t slot_bytes, mask; /* slots - 1, a power of two less one */
  uint32_t next;             /* first tile of the next matrix */
};
extern struct sm_stream sm_stream;

/*
 * Prepares streaming for a bound engine whose image gives it `ring` (4-byte aligned). Whether it can be done: everything
 * a token touches must lie in SRAM, and flash must be set up for continuous quad reads. Otherwise streamed matrices are read
 * where they lie, through the cache.
 */
bool sm_stream_open(const struct sm_engine *engine, void *ring, uint32_t bytes);

void sm_stream_begin(uint32_t parts);
void sm_stream_end(void);

static inline uint32_t sm_stream_matrix(uint32_t cores) {
  uint32_t first = sm_stream.next;
  sm_stream.done[1] = cores == 2u ? first + 1u : UINT32_MAX;
  sm_stream.done[0] = first;
  return first;
}

static inline const uint32_t *sm_stream_tile(uint32_t number, const uint32_t *in_place) {
  if (!sm_stream.active) {
    return in_place;
  }
  while (sm_stream.ready <= number) {
    __asm volatile("wfe" ::: "memory");
  }
  return (const uint32_t *)(sm_stream.ring + (number & sm_stream.mask) * sm_stream.slot_bytes);
}

/* The fetch is core 0's interrupt handler; who makes room raises it when it waits for that. */
static inline void sm_stream_done(uint32_t core, uint32_t next) {
  __asm volatile("" ::: "memory");
  sm_stream.done[core] = next;
  if (sm_stream.starved) {
    dma_hw->intf0 = 1u << SM_STREAM_CHANNEL;
  }
}

#endif
