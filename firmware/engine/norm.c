/*
 * models/ARITHMETIC.md section 5: RMSNorm and LayerNorm, from the residual to a scaled vector in one go. The scale that
 * the norm divides by never touches the elements: it goes into the scaled vector's exponent and mantissa.
 */
#include "../kernels/norm.h"
#include "../kernels/vector.h"
#include "arith.h"
#include "steps.h"

/*
 * Floor of the square root of a value with bit 30 or 31 set; the result has 16 bits. Two of Newton's steps from a line that
 * is at most 6 % off: the second leaves it at most 1 too large, as integer steps never get below the floor.
 */
static SM_INLINE uint32_t square_root(uint32_t value) {
  uint32_t root = (value >> 17) + (value >> 19) + 24400u;
  root = (root + SM_DIVIDE(value, root)) >> 1;
  root = (root + SM_DIVIDE(value, root)) >> 1;
  if (root > 0xffffu) root = 0xffffu;
  return root * root > value ? root - 1u : root;
}

/* x: (n) minus its mean -> t: (n). */
static void SM_HOT centre(int32_t *t, const int32_t *x, uint32_t n) {
  int32_t sum = 0;
  for (uint32_t i = 0; i < n; i++) sum = sm_add(sum, x[i]);
  int32_t mean = (int32_t)SM_DIVIDE(sm_abs(sum) + (n >> 1), n);
  if (sum < 0) mean = -mean;
  for (uint32_t i = 0; i < n; i++) t[i] = sm_sub(x[i], mean);
}

/* n * eps at the squares' scale, 2^-k of the stored one. */
static uint32_t SM_HOT scaled_eps(uint32_t eps, int32_t k) {
  if (k < 0) return eps << -k;
  return k > 31 ? 0 : eps >> k;
}

/* Some of the elements. */
struct elements {
  int32_t *t;
  const int32_t *x;
  const int16_t *g;
  uint32_t n;
  int32_t shift;
  uint32_t squares, largest; /* results; largest of |x|, then of |t| */
};

static void SM_HOT find_largest(void *argument) {
  struct elements *part = argument;
  part->largest = sm_largest(part->x, part->n);
}

static void SM_HOT apply_gain(void *argument) {
  struct elements *part = argument;
  part->squares = sm_gain_norm(part->t, part->x, part->g, part->n, part->shift, &part->largest);
}

/* Runs a step on both halves of the elements, or on all here when `others` is none; leaves the largest of both in mine. */
static void SM_HOT both(void (*step)(void *), struct elements *mine, struct elements *others) {
  if (others->n > 0) SM_PARALLEL(step, others);
  step(mine);
  if (others->n > 0) SM_JOIN();
  if (others->largest > mine->largest) mine->largest = others->largest;
}

/* The shift that leaves 15 bits of the largest element. */
static SM_INLINE int32_t shift_for(uint32_t largest) {
  int32_t shift = (int32_t)sm_bitlen(largest) - 15;
  return shift < -6 ? -6 : shift;
}

/* The scale of a, whose largest element was m * 2^(length - 15), from the sum of squares. */
static SM_INLINE void scale_by_root(struct sm_scaled *a, const struct sm_gain *gain, uint32_t m, uint32_t length,
                                    uint32_t squares) {
  uint32_t j2 = (32u - sm_bitlen(squares)) & ~1u;
  uint32_t q = SM_DIVIDE(m * gain->c, square_root(squares << j2));
  uint32_t z = 16u - sm_bitlen(q);
  a->am = q << z;
  a->ae = (15 - (int32_t)length) + gain->ce - (int32_t)(j2 / 2u) + (int32_t)z;
}

void SM_HOT sm_norm(struct sm_engine *e, const struct sm_gain *gain) {
  uint32_t n = e->config.dim;
  const int32_t *x = e->x;
  if (n == 4 || n == 8) {
    int32_t shape = e->config.family == SM_STARMIND ? -(int32_t)n : (int32_t)n;
    if (!sm_norm_few(&e->a, x, gain, e->t, e->config.norm_eps, shape)) sm_scaled_zero(&e->a, n);
    return;
  }
  if (e->config.family == SM_STARMIND) {
    centre(e->t, x, n);
    x = e->t;
  }
  uint32_t half = SM_CORES() == 1u || n < SM_WORTH_HALVING ? n : n >> 1 & ~1u; /* pairs of gains */
  struct elements mine = {e->t, x, gain->g, half, 0, 0, 0};
  struct elements others = {e->t + half, x + half, gain->g + half, n - half, 0, 0, 0};
  both(find_largest, &mine, &others);
  uint32_t largest = mine.largest;
  int32_t shift = shift_for(largest);
  mine.shift = others.shift = shift;
  others.largest = 0;
  both(apply_gain, &mine, &others);
  uint32_t most = mine.largest, squares = mine.squares + others.squares;
  squares += scaled_eps(e->config.norm_eps, 2 * (shift + 4));
  if (largest == 0 || squares == 0 || most == 0) {
    sm_scaled_zero(&e->a, n);
    return;
  }

  struct sm_quantizer q;
  sm_quantize_to(&e->a, &q, most, 0); /* 15 bits at most: no shift */
  sm_scale_all(&e->a, e->t, n, &q);
  uint32_t length = q.down - 9u;
  scale_by_root(&e->a, gain, most << (15u - length), length, squares);
}
