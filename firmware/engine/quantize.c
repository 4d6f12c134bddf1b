/*
 * models/ARITHMETIC.md section 4: a vector becomes bytes with one scale.
 */
#include "../kernels/vector.h"
#include "arith.h"
#include "steps.h"

void SM_HOT sm_scaled_zero(struct sm_scaled *a, uint32_t n) {
  for (uint32_t i = 0; i < ((n + 3u) & ~3u); i++) a->a[i] = 0;
  a->am = 0;
  a->ae = 0;
  a->sum = 0;
}

/* Some of the elements, a multiple of 4. */
struct elements {
  int32_t *out;
  const int32_t *t;
  uint32_t n;
  const struct sm_quantizer *quantizer;
  int32_t sum; /* the result */
};

static void SM_HOT scale(void *argument) {
  struct elements *part = argument;
  const struct sm_quantizer *q = part->quantizer;
  part->sum = sm_scale(part->out, part->t, part->n, q->shift, q->inverse, q->down);
}

void SM_HOT sm_scale_all(struct sm_scaled *a, int32_t *t, uint32_t n, const struct sm_quantizer *q) {
  while (n & 3u) t[n++] = 0; /* which become zeros */
  if (SM_CORES() == 1u || n < SM_WORTH_HALVING) {
    a->sum = sm_scale(a->a, t, n, q->shift, q->inverse, q->down);
    return;
  }
  uint32_t half = n >> 1 & ~3u;
  struct elements others = {a->a + half, t + half, n - half, q, 0};
  SM_PARALLEL(scale, &others);
  int32_t sum = sm_scale(a->a, t, half, q->shift, q->inverse, q->down);
  SM_JOIN();
  a->sum = sum + others.sum;
}

void SM_HOT sm_quantize_to(struct sm_scaled *a, struct sm_quantizer *q, uint32_t largest, int32_t unit) {
  uint32_t bits = sm_bitlen(largest);
  uint32_t shift = bits > 15 ? bits - 15 : 0, length = bits - shift;
  uint32_t m = largest >> shift; /* 1 .. 32767 */
  q->shift = shift;
  q->down = length + 9;
  q->inverse = SM_DIVIDE(127u << (length + 9), m);
  uint32_t am = ((m << (15 - length)) * 33026u) >> 15; /* 1 / 127 = 33026 * 2^-22; 14 bits at least */
  int32_t ae = (15 - (int32_t)length) - (int32_t)shift + unit + 7;
  for (; am >> 15 == 0; am <<= 1) ae++;
  a->am = am;
  a->ae = ae;
}

void SM_HOT sm_quantize(struct sm_scaled *a, int32_t *t, uint32_t n, uint32_t largest, int32_t unit) {
  if (largest == 0) {
    sm_scaled_zero(a, n);
    return;
  }
  struct sm_quantizer q;
  sm_quantize_to(a, &q, largest, unit);
  sm_scale_all(a, t, n, &q);
}
