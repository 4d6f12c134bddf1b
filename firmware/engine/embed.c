/*
 * models/ARITHMETIC.md section 6, first line: one row of the embedding becomes the residual.
 */
#include "arith.h"
#include "steps.h"

/* wq of row `token` at column k, times its group's scale where there is one. */
static int32_t SM_HOT weight_at(const struct sm_matrix *w, uint32_t token, uint32_t k) {
  if (w->format == SM_INT8) {
    const uint32_t *block = w->words + (token >> 2) * ((w->columns + 3u) & ~3u);
    return (int32_t)(block[k] >> 8u * (token & 3u) & 0xffu) - 128;
  }
  uint32_t lane = token & 7u;
  if (w->format == SM_INT4) {
    const uint32_t *block = w->words + (token >> 3) * ((w->columns + 3u) & ~3u);
    return (int32_t)(block[k] >> 4u * lane & 0xfu) - 8;
  }
  uint32_t groups = (w->columns + 31u) >> 5;
  const uint32_t *group = w->words + ((token >> 3) * groups + (k >> 5)) * 36u;
  int32_t scale = (int32_t)(group[lane >> 1] >> 16u * (lane & 1u) & 0xffffu);
  return ((int32_t)(group[4u + (k & 31u)] >> 4u * lane & 0xfu) - 8) * scale;
}

void SM_HOT sm_embed(struct sm_engine *e, uint32_t token) {
  const struct sm_matrix *w = &e->embedding;
  uint32_t shift = (uint32_t)(w->we - e->config.fx);
  uint32_t wm = w->wm[token];
  for (uint32_t k = 0; k < w->columns; k++) {
    e->x[k] = sm_rshift((int32_t)((uint32_t)weight_at(w, token, k) * wm), shift);
  }
}
