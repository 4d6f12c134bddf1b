/*
 * The three passes of attention for one query head (models/ARITHMETIC.md section 6), over the cache of its key-value
 * head. Bytes of the cache are biased by 128; both parts are 4-byte aligned.
 *   keys   (pad4(context) / 4, size, 4): word d of a block has component d of four positions, like the rows of an int8
 *          matrix, so that scores are a matvec with positions for rows.
 *   values (pad4(context), size): a position's components lie together, to be multiplied by its one weight.
 */
#ifndef SM_ATTENTION_H
#define SM_ATTENTION_H

#include <stdint.h>

#include "../engine/port.h"

/* How a distance from the largest score becomes a weight. */
struct sm_softmax {
  const uint16_t *table; /* (last + 1) */
  uint32_t last;
  uint32_t mul, shift; /* shift 1..31 */
};

/* q: (size), |q| <= 127 -> scores: (positions padded to 4). Returns the largest of the first `positions` >= 1. */
int32_t sm_scores_portable(int32_t *scores, const int32_t *q, const uint8_t *keys, uint32_t size,
                           uint32_t positions);

/* scores: (positions) become weights, not normalised, in place. Returns their sum. */
uint32_t sm_weights_portable(int32_t *scores, uint32_t positions, int32_t most, const struct sm_softmax *s);

/* weights: (positions) -> out[d] = sum of weights times (value + 128), (size). */
void sm_mix_portable(uint32_t *out, const uint32_t *weights, const uint8_t *values, uint32_t size,
                     uint32_t positions);

/* Their hand-written twins. Scores: even sizes up to 512. Mix: even sizes. */
#define SM_SCORES_M0_SIZE 512u
int32_t sm_scores_m0(int32_t *scores, const int32_t *q, const uint8_t *keys, uint32_t size, uint32_t positions);
uint32_t sm_weights_m0(int32_t *scores, uint32_t positions, int32_t most, const struct sm_softmax *s);
void sm_mix_m0(uint32_t *out, const uint32_t *weights, const uint8_t *values, uint32_t size, uint32_t positions);

/* All three for one query head, and the means over the weights' sum. */
struct sm_attend {
  int32_t *t;      /* (size), result: the mean value, in 1/256 of its unit */
  int32_t *scores; /* (positions padded to 4), spoilt */
  const int32_t *q;
  const uint8_t *keys, *values;
  uint32_t positions; /* at least 1 */
  const struct sm_softmax *softmax;
  uint32_t reach; /* a quarter of the largest sum of squares of a key, rounded up */
  uint32_t size;
};
void sm_attend_portable(const struct sm_attend *job);

/* t: (size) sums of weights times biased values -> their means over the weights' sum, in 1/256 of a value's unit. */
void sm_means(int32_t *t, uint32_t size, uint32_t sum);

/*
 * The hand-written twin for heads of eight. Returns 0, and t is as it was, when a quarter of the sum of q's squares, rounded up,
 * times `reach` is 2^26 or more (below it every |score| <= 32767), when the softmax table does not end with 0, or beyond 8191
 * positions.
 */
uint32_t sm_attend8_m0(const struct sm_attend *job);

/* For heads of two: up to these positions it is faster than the three passes. */
#define SM_ATTEND2_POSITIONS 32u
void sm_attend2_m0(const struct sm_attend *job);

#endif
