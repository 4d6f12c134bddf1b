/*
 * Attention over the cache, one query head at a time; the passes are in kernels/attention.h.
 */
#include "../kernels/attention.h"

#include "arith.h"
#include "steps.h"

#if SM_KERNELS_M0
/* Whether the kernel for heads of eight can make this query's scores: they fit 16 bits whatever the keys, as most
 * queries' do. The result is the same either way. */
static inline uint32_t is_short(const struct sm_config *c, const int32_t *q) {
  uint32_t sum = 0;
  if (c->head_size != 8u) return 0;
#pragma GCC unroll 1
  for (uint32_t d = 0; d < 8u; d++) sum += sm_abs(q[d]);
  return sum * c->k_max <= SM_SCORES8_M0_MOST;
}
#endif

static int32_t SM_HOT scores(const struct sm_config *c, int32_t *out, const int32_t *q, const uint8_t *keys,
                             uint32_t positions) {
  uint32_t size = c->head_size;
#if SM_KERNELS_M0
  int32_t most = INT32_MIN;
  if (positions >= 8u && is_short(c, q)) {
    /* It writes whole eights; the last few of a context that is none have room for a four only. */
    uint32_t whole = ((positions + 7u) & ~7u) <= ((c->context + 3u) & ~3u) ? positions : positions & ~7u;
    most = sm_scores8_m0(out, q, keys, whole);
    if (whole == positions) return most;
    out += whole, keys += whole * size, positions -= whole;
  }
  if (size % 2u == 0 && size <= SM_SCORES_M0_SIZE) {
    int32_t rest = sm_scores_m0(out, q, keys, size, positions);
    return rest > most ? rest : most;
  }
#endif
  return sm_scores_portable(out, q, keys, size, positions);
}

static uint32_t SM_HOT weights(int32_t *scores, uint32_t positions, int32_t most, const struct sm_softmax *s) {
#if SM_KERNELS_M0
  return sm_weights_m0(scores, positions, most, s);
#else
  return sm_weights_portable(scores, positions, most, s);
#endif
}

static void SM_HOT mix(uint32_t *out, const uint32_t *weights, const uint8_t *values, uint32_t size,
                       uint32_t positions) {
#if SM_KERNELS_M0
  if (size == 8u) {
    sm_mix8_m0(out, weights, values, positions);
    return;
  }
  if (size % 2u == 0) {
    sm_mix_m0(out, weights, values, size, positions);
    return;
  }
#endif
  sm_mix_portable(out, weights, values, size, positions);
}

/* t: (headSize) sums of weights times biased values -> their means over the weights' sum, in 1/256 of a value's unit. */
static void SM_HOT normalise(int32_t *t, uint32_t size, uint32_t sum) {
  uint32_t bits = sm_bitlen(sum);
  uint32_t sum16 = bits >= 16 ? sum >> (bits - 16) : sum << (16 - bits);
  uint32_t reciprocal = 0x3fffffffu / sum16;
  uint32_t down = bits > 8 ? bits - 8 : 0, offset = sm_half(down) - 128u * sum;
  for (int32_t *end = t + size; t != end; t++) {
    uint32_t mean = (uint32_t)sm_asr((int32_t)((uint32_t)*t + offset), down);
    *t = sm_asr((int32_t)(mean * reciprocal + (1u << 13)), 14);
  }
}

/* Query heads `first` to before `end`, with room of their own for the scores. */
struct heads {
  struct sm_engine *e;
  uint32_t layer, positions, first, end;
  int32_t *scores;
};

static void SM_HOT attend(void *argument) {
  const struct heads *heads = argument;
  struct sm_engine *e = heads->e;
  const struct sm_config *c = &e->config;
  const struct sm_layer_parameters *p = &e->layers[heads->layer].p;
  struct sm_softmax softmax = {e->exp_table, c->exp_entries - 1u, p->score_mul, p->score_shift};
  uint32_t size = c->head_size, group = c->heads / c->kv_heads, positions = heads->positions;
  const int32_t *q = e->y + heads->first * size;
  int32_t *t = e->t + heads->first * size, *s = heads->scores;
  uint32_t kv = heads->first / group, left = group - heads->first % group; /* of this key-value head's query heads */
  for (uint32_t h = heads->first; h < heads->end; h++) {
    const uint8_t *keys = sm_kv_head(e, heads->layer, kv, 0), *values = sm_kv_head(e, heads->layer, kv, 1);
    int32_t most = scores(c, s, q, keys, positions);
    uint32_t sum = weights(s, positions, most, &softmax);
    mix((uint32_t *)t, (const uint32_t *)s, values, size, positions);
    normalise(t, size, sum);
    q += size, t += size;
    if (--left == 0) left = group, kv++;
  }
}

void SM_HOT sm_attention(struct sm_engine *e, uint32_t layer, uint32_t position) {
  uint32_t heads = e->config.heads, half = SM_CORES() == 2u ? heads >> 1 : 0;
  struct heads mine = {e, layer, position + 1u, half, heads, e->scores};
  if (half == 0) {
    attend(&mine);
    return;
  }
  struct heads others = {e, layer, position + 1u, 0, half, e->scores + ((e->config.context + 3u) & ~3u)};
  SM_PARALLEL(attend, &others);
  attend(&mine);
  SM_JOIN();
}
