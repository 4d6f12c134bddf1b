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

static SM_INLINE int32_t scaled(int32_t weight, const struct row *r) {
  return sm_asr((int32_t)((uint32_t)weight * (uint32_t)r->wm + r->half), r->shift);
}

static void SM_HOT_ALONE embed_int8(int32_t *x, const struct row *row) {
  const struct row one = *row, *r = &one; /* x is not part of it */
  uint32_t down = 8u * r->lane;
  for (const uint32_t *w = r->words, *end = w + r->columns; w != end; w++) {
    *x++ = scaled((int32_t)(*w >> down & 0xffu) - 128, r);
  }
}

static void SM_HOT_ALONE embed_int4(int32_t *x, const struct row *row) {
  const struct row one = *row, *r = &one; /* x is not part of it */
  uint32_t down = 4u * r->lane;
  for (const uint32_t *w = r->words, *end = w + r->columns; w != end; w++) {
    *x++ = scaled((int32_t)(*w >> down & 0xfu) - 8, r);
  }
}

/* Groups of 32 words, each after the eight rows' scales. */
static void SM_HOT_ALONE embed_int4g32(int32_t *x, const struct row *row) {
  const struct row one = *row, *r = &one; /* x is not part of it */
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

void SM_HOT sm_embed(struct sm_engine *e, uint32_t token) {
  const struct sm_matrix *w = &e->embedding;
  struct row r;
  const uint32_t *words = w->words;
  const uint16_t *wm = w->wm;
  uint32_t rows = sm_block_rows(w->format), block = token >> (rows == 4u ? 2 : 3);
  uint32_t stride = sm_block_words(w->format, w->columns);
  r.columns = w->columns;
  r.lane = token & (rows - 1u);
  if (w->tile != 0) { /* to the block's tile, whose scales come after its words */
    uint32_t tile = block / w->tile, left = ((w->rows + rows - 1u) / rows) - tile * w->tile;
    words += tile * w->tile * (stride + rows / 2u);
    block -= tile * w->tile;
    wm = (const uint16_t *)(words + (left < w->tile ? left : w->tile) * stride);
  }
  r.words = words + block * stride;
  r.wm = wm[block * rows + r.lane];
  r.shift = (uint32_t)(w->we - e->config.fx);
  r.half = sm_half(r.shift);
  if (w->format == SM_INT8) {
    embed_int8(e->x, &r);
  } else if (w->format == SM_INT4) {
    embed_int4(e->x, &r);
  } else {
    embed_int4g32(e->x, &r);
  }
}
