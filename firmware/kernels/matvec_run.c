#include "../engine/image.h"
#include "matvec.h"

#define MOST_WEIGHT (32767u / 127u) /* sum |wq| of a run whose sums fit a 16-bit lane */
#define ALWAYS_EXACT 32u            /* 32 * 8 <= MOST_WEIGHT */

/* Whether every row of every run of `run` columns stays within MOST_WEIGHT. words: (blocks, columns). */
static int runs_fit(const uint32_t *words, uint32_t blocks, uint32_t columns, uint32_t run) {
  for (uint32_t block = 0; block < blocks; block++) {
    for (uint32_t first = 0; first < columns; first += run) {
      uint32_t sums[8] = {0, 0, 0, 0, 0, 0, 0, 0};
      uint32_t end = columns - first < run ? columns : first + run;
      for (uint32_t k = first; k < end; k++) {
        uint32_t word = words[k];
        for (int j = 0; j < 8; j++) {
          uint32_t biased = word >> 4 * j & 15u;
          sums[j] += biased < 8 ? 8 - biased : biased - 8;
        }
      }
      for (int j = 0; j < 8; j++) {
        if (sums[j] > MOST_WEIGHT) return 0;
      }
    }
    words += columns;
  }
  return 1;
}

uint32_t sm_matvec_run(const struct sm_matrix *w) {
  uint32_t columns = w->columns > 65532u ? 65532u : (w->columns + 3u) & ~3u;
  if (w->format != SM_INT4) return w->format == SM_INT4G32 ? 32u : columns;
  uint32_t run = columns;
  for (uint32_t runs = 2; run > ALWAYS_EXACT && !runs_fit(w->words, (w->rows + 7u) >> 3, columns, run); runs++) {
    run = ((columns + runs - 1u) / runs + 3u) & ~3u;
    if (run < ALWAYS_EXACT) run = ALWAYS_EXACT;
  }
  return run;
}
