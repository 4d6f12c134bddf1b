/*
 * models/ARITHMETIC.md section 5: RMSNorm and LayerNorm, from the residual to a scaled vector in one go. The scale that
 * the norm divides by never touches the elements: it goes into the scaled vector's exponent and mantissa.
 */
#include "../kernels/vector.h"
#include "arith.h"
#include "steps.h"

/* Floor of the square root of a value with bit 30 or 31 set; the result has 16 bits. */
static uint32_t SM_HOT square_root(uint32_t value) {
  uint32_t root = 0, bit = 1u << 30;
  while (bit != 0) {
    if (value >= root + bit) {
      value -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
    bit >>= 2;
  }
  return root;
}

/* x: (n) minus its mean -> t: (n). */
static void SM_HOT centre(int32_t *t, const int32_t *x, uint32_t n) {
  int32_t sum = 0;
  for (uint32_t i = 0; i < n; i++) sum = sm_add(sum, x[i]);
  int32_t mean = (int32_t)((sm_abs(sum) + (n >> 1)) / n);
  if (sum < 0) mean = -mean;
  for (uint32_t i = 0; i < n; i++) t[i] = sm_sub(x[i], mean);
}

/* n * eps at the squares' scale, 2^-k of the stored one. */
static uint32_t SM_HOT scaled_eps(uint32_t eps, int32_t k) {
  if (k < 0) return eps << -k;
  return k > 31 ? 0 : eps >> k;
}

void SM_HOT sm_norm(struct sm_engine *e, const struct sm_gain *gain) {
  uint32_t n = e->config.dim;
  const int32_t *x = e->x;
  if (e->config.family == SM_STARMIND) {
    centre(e->t, x, n);
    x = e->t;
  }
  uint32_t largest = sm_largest(x, n);
  int32_t shift = (int32_t)sm_bitlen(largest) - 15;
  if (shift < -6) shift = -6;
  uint32_t most;
  uint32_t squares = sm_gain_norm(e->t, x, gain->g, n, shift, &most);
  squares += scaled_eps(e->config.norm_eps, 2 * (shift + 4));
  if (largest == 0 || squares == 0 || most == 0) {
    sm_scaled_zero(&e->a, n);
    return;
  }

  uint32_t unused, length;
  uint32_t m = sm_scale_to_i8(&e->a, e->t, n, most, &unused, &length);
  uint32_t j2 = (32u - sm_bitlen(squares)) & ~1u;
  uint32_t root = square_root(squares << j2);
  uint32_t q = (m * gain->c) / root;
  uint32_t z = 16u - sm_bitlen(q);
  e->a.am = q << z;
  e->a.ae = (15 - (int32_t)length) + gain->ce - (int32_t)(j2 / 2u) + (int32_t)z;
}
