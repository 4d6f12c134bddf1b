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
  if (job->size == 2u && job->positions <= SM_ATTEND2_POSITIONS) sm_attend2_m0(job);
  else if (job->size != 8u || !sm_attend8_m0(job)) attend_any(job);
#else
  sm_attend_portable(job);
#endif
}

/* What both cores take heads from, one from the front and one from the back. */
struct heads {
  struct sm_engine *e;
  uint32_t layer, positions;
  volatile uint32_t left;
};

/* One core's way through them, with room of its own for the scores. */
struct way {
  struct heads *heads;
  uint32_t back; /* 1: from the last head to the first */
};

/* Whether there is another head. */
static SM_INLINE uint32_t take(struct heads *heads) {
  SM_LOCK();
  uint32_t left = heads->left;
  if (left > 0) heads->left = left - 1u;
  SM_UNLOCK();
  return left;
}

static void SM_HOT attend(void *argument) {
  const struct way *way = argument;
  struct sm_engine *e = way->heads->e;
  const struct sm_config *c = &e->config;
  const struct sm_layer *layer = &e->layers[way->heads->layer];
  struct sm_softmax softmax = {e->exp_table, c->exp_entries - 1u, layer->p.score_mul, layer->p.score_shift};
  uint32_t context = (c->context + 3u) & ~3u;
  int32_t size = (int32_t)c->head_size, part = size * (int32_t)context;
  const uint8_t *keys = sm_kv_head(e, way->heads->layer, 0, 0);
  struct sm_attend job = {e->t, e->scores, e->y, keys, keys + (int32_t)c->kv_heads * part,
                          way->heads->positions, &softmax, layer->reach, c->head_size};
  if (way->back) {
    int32_t last = ((int32_t)c->heads - 1) * size, last_part = ((int32_t)c->kv_heads - 1) * part;
    job.scores += context;
    job.q += last, job.t += last, job.keys += last_part, job.values += last_part;
    size = -size, part = -part;
  }
  /* Query heads of a key-value head; a division costs more than a head of two. */
  uint32_t group = c->heads == c->kv_heads ? 1u : c->heads / c->kv_heads, left = group;
  while (take(way->heads)) {
    attend_one(&job);
    job.q += size, job.t += size;
    if (--left == 0) left = group, job.keys += part, job.values += part;
  }
}

void SM_HOT sm_attention(struct sm_engine *e, uint32_t layer, uint32_t position) {
  struct heads heads = {e, layer, position + 1u, e->config.heads};
  struct way mine = {&heads, 0}, others = {&heads, 1};
  uint32_t shared = SM_CORES() == 2u && heads.left > 1;
  if (shared) SM_PARALLEL(attend, &others);
  attend(&mine);
  if (shared) SM_JOIN();
}
