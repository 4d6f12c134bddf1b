/*
 * Attention over the cache, one query head at a time.
 *
 * The cache holds, for each layer, the keys of each key-value head, then the values of each; bytes are biased by 128.
 *   keys   (pad4(context) / 4, headSize, 4): word d of a block has component d of four positions, like the rows of an
 *          int8 matrix, so that scores are a matvec with positions for rows.
 *   values (pad4(context), headSize): a position's components lie together, to be multiplied by its one weight.
 */
#include "arith.h"
#include "steps.h"

/* q8: (headSize), keys: (positions) -> scores: (positions padded to 4); returns the largest of the first `positions`.
 * Four positions at a time as in kernels/matvec_int8.c. */
static int32_t SM_HOT score_positions(int32_t *scores, const int32_t *q, const uint8_t *keys, uint32_t size,
                                      uint32_t positions) {
  const uint32_t *w = (const uint32_t *)(const void *)keys;
  uint32_t bias = 0;
  for (uint32_t d = 0; d < size; d++) bias += 128u * (uint32_t)q[d];

  int32_t most = INT32_MIN;
  for (uint32_t j = 0; j < positions; j += 4) {
    const uint32_t *x = (const uint32_t *)q, *end = w + size;
    uint32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0;
    do {
      uint32_t word = *w++, component = *x++;
      a0 += word * component;
      a1 += (word >> 8) * component;
      a2 += (word >> 16) * component;
      a3 += (word >> 24) * component;
    } while (w != end);
    int32_t s0 = (int32_t)(a0 - (a1 << 8) - bias), s1 = (int32_t)(a1 - (a2 << 8) - bias);
    int32_t s2 = (int32_t)(a2 - (a3 << 8) - bias), s3 = (int32_t)(a3 - bias);
    scores[0] = s0, scores[1] = s1, scores[2] = s2, scores[3] = s3;
    scores += 4;
    /* Positions after the last one hold anything. */
    uint32_t left = positions - j;
    if (s0 > most) most = s0;
    if (left > 1 && s1 > most) most = s1;
    if (left > 2 && s2 > most) most = s2;
    if (left > 3 && s3 > most) most = s3;
  }
  return most;
}

/* scores: (positions) become softmax weights, not normalised, in place; returns their sum. */
static uint32_t SM_HOT weigh(int32_t *scores, uint32_t positions, int32_t most, const struct sm_engine *e,
                             const struct sm_layer_parameters *p) {
  const uint16_t *table = e->exp_table;
  uint32_t last = e->config.exp_entries - 1u;
  uint32_t mul = p->score_mul, shift = p->score_shift, half = 1u << (shift - 1u);
  uint32_t sum = 0;
  int32_t *end = scores + positions;
  while (scores != end) {
    uint32_t index = (((uint32_t)most - (uint32_t)*scores) * mul + half) >> shift;
    if (index > last) index = last;
    uint32_t weight = table[index];
    sum += weight;
    *scores++ = (int32_t)weight;
  }
  return sum;
}

/* One or two components per position. */
static void SM_HOT mix_pair(uint32_t out[2], const uint32_t *weights, const uint8_t *values, uint32_t size,
                            uint32_t positions) {
  uint32_t a0 = 0, a1 = 0;
  const uint32_t *end = weights + positions;
  if (size % 2u == 0) {
    const uint16_t *pair = (const uint16_t *)(const void *)values;
    while (weights != end) {
      uint32_t w = *weights++, both = *pair;
      a0 += both * w, a1 += (both >> 8) * w;
      pair += size / 2u;
    }
    a0 -= a1 << 8;
  } else {
    while (weights != end) {
      a0 += *values * *weights++;
      values += size;
    }
  }
  out[0] = a0, out[1] = a1;
}

/* Four components per position, as in kernels/matvec_int8.c. */
static void SM_HOT mix_four(uint32_t out[4], const uint32_t *weights, const uint8_t *values, uint32_t size,
                            uint32_t positions) {
  const uint32_t *four = (const uint32_t *)(const void *)values;
  const uint32_t *end = weights + positions;
  uint32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, step = size / 4u;
  while (weights != end) {
    uint32_t w = *weights++, word = *four;
    a0 += word * w, a1 += (word >> 8) * w, a2 += (word >> 16) * w, a3 += (word >> 24) * w;
    four += step;
  }
  out[0] = a0 - (a1 << 8), out[1] = a1 - (a2 << 8), out[2] = a2 - (a3 << 8), out[3] = a3;
}

/* weights: (positions), values: (positions, headSize) -> t: (headSize), divided by the weights' sum. */
static void SM_HOT mix_values(int32_t *t, const uint32_t *weights, const uint8_t *values, uint32_t size,
                              uint32_t positions, uint32_t sum) {
  uint32_t bits = sm_bitlen(sum);
  uint32_t sum16 = bits >= 16 ? sum >> (bits - 16) : sum << (16 - bits);
  uint32_t reciprocal = 0x3fffffffu / sum16;
  uint32_t down = bits > 8 ? bits - 8 : 0, half = sm_half(down), bias = 128u * sum;
  uint32_t step = size % 4u == 0 ? 4u : size % 2u == 0 ? 2u : 1u;

  for (uint32_t d = 0; d < size; d += step) {
    uint32_t out[4];
    if (step == 4) mix_four(out, weights, values + d, size, positions);
    else mix_pair(out, weights, values + d, size, positions);
    for (uint32_t i = 0; i < step; i++) {
      uint32_t mean = (uint32_t)sm_asr((int32_t)(out[i] - bias + half), down);
      t[d + i] = sm_asr((int32_t)(mean * reciprocal + (1u << 13)), 14);
    }
  }
}

void SM_HOT sm_attention(struct sm_engine *e, uint32_t layer, uint32_t position) {
  const struct sm_config *c = &e->config;
  const struct sm_layer_parameters *p = &e->layers[layer].p;
  uint32_t group = c->heads / c->kv_heads, positions = position + 1u, h = 0;
  for (uint32_t kv = 0; kv < c->kv_heads; kv++) {
    const uint8_t *keys = sm_kv_head(e, layer, kv, 0), *values = sm_kv_head(e, layer, kv, 1);
    for (uint32_t i = 0; i < group; i++, h++) {
      int32_t most = score_positions(e->scores, e->y + h * c->head_size, keys, c->head_size, positions);
      uint32_t sum = weigh(e->scores, positions, most, e, p);
      mix_values(e->t + h * c->head_size, (const uint32_t *)e->scores, values, c->head_size, positions, sum);
    }
  }
}
