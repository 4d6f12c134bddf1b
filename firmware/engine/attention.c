/*
 * Attention over the cache, one query head at a time; the passes are in kernels/attention.h.
 */
#include "../kernels/attention.h"

#include "arith.h"
#include "steps.h"

void SM_HOT sm_means(int32_t *t, uint32_t size, uint32_t sum) {
  uint32_t bits = sm_bitlen(sum);
  uint32_t sum16 = bits >= 16 ? sum >> (bits - 16) : sum << (16 - bits);
  uint32_t reciprocal = SM_DIVIDE(0x3fffffffu, sum16);
  uint32_t down = bits > 8 ? bits - 8 : 0, offset = sm_half(down) - 128u * sum;
  for (int32_t *end = t + size; t != end; t++) {
    uint32_t mean = (uint32_t)sm_asr((int32_t)((uint32_t)*t + offset), down);
    *t = sm_asr((int32_t)(mean * reciprocal + (1u << 13)), 14);
  }
}

#if SM_KERNELS_M0
/* What the kernels for certain sizes of head leave over. */
static void SM_HOT attend_any(const struct sm_attend *job) {
  if (job->size % 2u != 0 || job->size > SM_SCORES_M0_SIZE) {
    sm_attend_portable(job);
    return;
  }
  int32_t most = sm_scores_m0(job->scores, job->q, job->keys, job->size, job->positions);
  uint32_t sum = sm_weights_m0(job->scores, job->positions, most, job->softmax);
  sm_mix_m0((uint32_t *)job->t, (const uint32_t *)job->scores, job->values, job->size, job->positions);
  sm_means(job->t, job->size, sum);
}
#endif

static SM_INLINE void attend_one(const struct sm_attend *job) {
#if SM_KERNELS_M0
  if (job->size != 8u || !sm_attend8_m0(job)) attend_any(job);
#else
  sm_attend_portable(job);
#endif
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
  uint32_t size = c->head_size, group = c->heads / c->kv_heads;
  uint32_t kv = heads->first / group, left = group - heads->first % group; /* of this key-value head's query heads */
  const uint8_t *keys = sm_kv_head(e, heads->layer, kv, 0);
  uint32_t step = size * ((c->context + 3u) & ~3u);
  struct sm_attend job = {e->t + heads->first * size, heads->scores, e->y + heads->first * size, keys,
                          keys + c->kv_heads * step, heads->positions, &softmax, e->layers[heads->layer].reach, size};
  for (uint32_t count = heads->end - heads->first; count > 0; count--) {
    attend_one(&job);
    job.q += size, job.t += size;
    if (--left == 0) left = group, job.keys += step, job.values += step;
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
