/*
 * models/ARITHMETIC.md section 6, first line: one row of the embedding becomes the residual.
 */
#include "arith.h"
#include "steps.h"

/* One row in its block: lane 0..3 or 0..7, and what a weight is multiplied with. */
struct row {
  const uint32_t *words;
  uint32_t lane, columns;
  int32_t wm;
  uint32_t shift, half;
};

static inline int32_t scaled(int32_t weight, const struct row *r) {
  return sm_asr((int32_t)((uint32_t)weight * (uint32_t)r->wm + r->half), r->shift);
}

static void SM_HOT_ALONE embed_int8(int32_t *x, const struct row *r) {
  uint32_t down = 8u * r->lane;
  for (const uint32_t *w = r->words, *end = w + r->columns; w != end; w++) {
    *x++ = scaled((int32_t)(*w >> down & 0xffu) - 128, r);
  }
}

static void SM_HOT_ALONE embed_int4(int32_t *x, const struct row *r) {
  uint32_t down = 4u * r->lane;
  for (const uint32_t *w = r->words, *end = w + r->columns; w != end; w++) {
    *x++ = scaled((int32_t)(*w >> down & 0xfu) - 8, r);
  }
}

/* Groups of 32 words, each after the eight rows' scales. */
static void SM_HOT_ALONE embed_int4g32(int32_t *x, const struct row *r) {
  uint32_t down = 4u * r->lane;
  const uint32_t *group = r->words;
  for (uint32_t left = r->columns; left > 0; group += 36) {
    uint32_t count = left < 32 ? left : 32;
    int32_t scale = (int32_t)(group[r->lane >> 1] >> 16u * (r->lane & 1u) & 0xffffu);
    for (uint32_t k = 0; k < count; k++) {
      *x++ = scaled(((int32_t)(group[4u + k] >> down & 0xfu) - 8) * scale, r);
    }
    left -= count;
  }
}

void SM_HOT_ALONE sm_embed(struct sm_engine *e, uint32_t token) {
  const struct sm_matrix *w = &e->embedding;
  uint32_t columns = (w->columns + 3u) & ~3u;
  struct row r;
  r.columns = w->columns;
  r.wm = w->wm[token];
  r.shift = (uint32_t)(w->we - e->config.fx);
  r.half = sm_half(r.shift);
  if (w->format == SM_INT8) {
    r.words = w->words + (token >> 2) * columns;
    r.lane = token & 3u;
    embed_int8(e->x, &r);
    return;
  }
  r.lane = token & 7u;
  if (w->format == SM_INT4) {
    r.words = w->words + (token >> 3) * columns;
    embed_int4(e->x, &r);
  } else {
    r.words = w->words + (token >> 3) * 36u * ((w->columns + 31u) >> 5);
    embed_int4g32(e->x, &r);
  }
}
