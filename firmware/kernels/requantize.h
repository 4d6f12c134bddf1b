/*
 * From an accumulator to a fixed-point value (models/ARITHMETIC.md section 3).
 */
#ifndef SM_REQUANTIZE_H
#define SM_REQUANTIZE_H

#include <stdint.h>

#include "../engine/arith.h"

/* What is the same for every row of a matvec. */
struct sm_requantizer {
  uint32_t am, pre, pre_half, post, post_half;
};

static inline void sm_requantizer_init(struct sm_requantizer *q, uint32_t am, uint32_t pre, uint32_t post) {
  q->am = am;
  q->pre = pre;
  q->pre_half = sm_half(pre);
  q->post = post;
  q->post_half = sm_half(post);
}

static inline int32_t sm_requantize(const struct sm_requantizer *q, uint32_t acc, uint32_t wm) {
  uint32_t scale = (wm * q->am) >> 17;
  uint32_t acc15 = (uint32_t)sm_asr((int32_t)(acc + q->pre_half), q->pre);
  return sm_asr((int32_t)(acc15 * scale + q->post_half), q->post);
}

#endif
