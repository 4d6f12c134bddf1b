#include "attention.h"

#include "../engine/arith.h"

/* Four positions at a time, by the arithmetic of matvec_int8.c. */
int32_t SM_HOT sm_scores_portable(int32_t *scores, const int32_t *q, const uint8_t *keys, uint32_t size,
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

uint32_t SM_HOT sm_weights_portable(int32_t *scores, uint32_t positions, int32_t most, const struct sm_softmax *s) {
  const uint16_t *table = s->table;
  uint32_t last = s->last, mul = s->mul, shift = s->shift, half = 1u << (shift - 1u);
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
static void SM_HOT mix_pair(uint32_t *out, const uint32_t *weights, const uint8_t *values, uint32_t size,
                            uint32_t positions) {
  uint32_t a0 = 0, a1 = 0;
  const uint32_t *end = weights + positions;
  if (size % 2u != 0) {
    while (weights != end) {
      a0 += *values * *weights++;
      values += size;
    }
    out[0] = a0;
    return;
  }
  const uint16_t *pair = (const uint16_t *)(const void *)values;
  while (weights != end) {
    uint32_t w = *weights++, both = *pair;
    a0 += both * w, a1 += (both >> 8) * w;
    pair += size / 2u;
  }
  out[0] = a0 - (a1 << 8), out[1] = a1;
}

/* Four components per position, by the arithmetic of matvec_int8.c. */
static void SM_HOT mix_four(uint32_t *out, const uint32_t *weights, const uint8_t *values, uint32_t size,
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

void SM_HOT sm_mix_portable(uint32_t *out, const uint32_t *weights, const uint8_t *values, uint32_t size,
                            uint32_t positions) {
  uint32_t step = size % 4u == 0 ? 4u : size % 2u == 0 ? 2u : 1u;
  for (uint32_t d = 0; d < size; d += step) {
    if (step == 4) mix_four(out + d, weights, values + d, size, positions);
    else mix_pair(out + d, weights, values + d, size, positions);
  }
}

void SM_HOT sm_attend_portable(const struct sm_attend *job) {
  int32_t most = sm_scores_portable(job->scores, job->q, job->keys, job->size, job->positions);
  uint32_t sum = sm_weights_portable(job->scores, job->positions, most, job->softmax);
  sm_mix_portable((uint32_t *)job->t, (const uint32_t *)job->scores, job->values, job->size, job->positions);
  sm_means(job->t, job->size, sum);
}
