/*
 * Matrices in tiles (models/IMAGE.md, "Streamed matrices"): a few blocks' words and their row scales together, fetched from
 * flash ahead of their use. Two cores take tiles in turn, each waiting only for its own.
 */
#include "../engine/image.h"
#include "matvec.h"

/* What one core does of a product. */
struct tiles {
  const struct sm_matvec *whole; /* words: the first tile where the image has it; blocks: of all tiles */
  void (*run)(const struct sm_matvec *job);
  uint32_t blocks;      /* of a tile; the last may have fewer */
  uint32_t block_words; /* of weights */
  uint32_t lanes;       /* rows of a block */
  uint32_t number;      /* of the matrix's first tile in the stream */
  uint32_t core, step;  /* tiles core, core + step, ... are this core's */
};

static void SM_HOT run_tiles(void *argument) {
  const struct tiles *part = argument;
  struct sm_matvec job = *part->whole;
  uint32_t stride = part->blocks * (part->block_words + part->lanes / 2u);
  const uint32_t *in_place = job.words + part->core * stride;
  uint32_t first = part->core * part->blocks, number = part->number + part->core;
  job.y += first * part->lanes;
  while (first < part->whole->blocks) {
    uint32_t left = part->whole->blocks - first;
    job.blocks = left < part->blocks ? left : part->blocks;
    job.words = SM_STREAM_TILE(number, in_place);
    job.wm = (const uint16_t *)(job.words + job.blocks * part->block_words);
    part->run(&job);
    number += part->step;
    SM_STREAM_DONE(part->core, number);
    in_place += part->step * stride;
    first += part->step * part->blocks;
    job.y += part->step * part->blocks * part->lanes;
  }
}

void SM_HOT sm_matvec_tiles(const struct sm_matrix *w, const struct sm_matvec *whole,
                            void (*run)(const struct sm_matvec *job)) {
  uint32_t cores = SM_CORES();
  struct tiles mine = {whole, run, w->tile, sm_block_words(w->format, w->columns), sm_block_rows(w->format), 0, 0, cores};
  mine.number = SM_STREAM_MATRIX(cores);
  if (cores == 2u) {
    struct tiles others = mine;
    others.core = 1;
    SM_PARALLEL(run_tiles, &others);
    run_tiles(&mine);
    SM_JOIN();
  } else {
    run_tiles(&mine);
  }
  SM_STREAM_PASSED((whole->blocks + w->tile - 1u) / w->tile);
}
