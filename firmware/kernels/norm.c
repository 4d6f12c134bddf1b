#include "norm.h"

#include "../engine/arith.h"

/* Floor of the square root of a value with bit 30 or 31 set, bit by bit. */
static uint32_t square_root(uint32_t value) {
  uint32_t root = 0;
  for (uint32_t bit = 1u << 15; bit != 0; bit >>= 1) {
    if ((root | bit) * (root | bit) <= value) root |= bit;
  }
  return root;
}

uint32_t SM_HOT sm_norm_few_portable(struct sm_scaled *a, const int32_t *x, const struct sm_gain *gain, int32_t *t,
                                     uint32_t eps, int32_t n) {
  uint32_t count = n < 0 ? (uint32_t)-n : (uint32_t)n;
  int32_t mean = 0;
  if (n < 0) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < count; i++) sum = sm_add(sum, x[i]);
    mean = (int32_t)SM_DIVIDE(sm_abs(sum) + (count >> 1), count);
    if (sum < 0) mean = -mean;
  }
  uint32_t largest = 0, squares = 0, m = 0;
  for (uint32_t i = 0; i < count; i++) {
    t[i] = sm_sub(x[i], mean);
    if (sm_abs(t[i]) > largest) largest = sm_abs(t[i]);
  }
  int32_t shift = (int32_t)sm_bitlen(largest) - 15;
  if (shift < -6) shift = -6;
  uint32_t down = shift > 0 ? (uint32_t)shift : 0, up = shift < 0 ? (uint32_t)-shift : 0;
  for (uint32_t i = 0; i < count; i++) {
    int32_t u = (int32_t)((uint32_t)sm_asr(t[i], down) << up), v = sm_rshift(u, 4);
    squares += (uint32_t)(v * v);
    t[i] = sm_rshift(u * gain->g[i], 15);
    if (sm_abs(t[i]) > m) m = sm_abs(t[i]);
  }
  int32_t k = 2 * (shift + 4);
  squares += k < 0 ? eps << -k : k > 31 ? 0 : eps >> k;
  if (largest == 0 || squares == 0 || m == 0) return 0;

  uint32_t length = sm_bitlen(m), inverse = SM_DIVIDE(127u << (length + 9u), m);
  int32_t sum = 0;
  for (uint32_t i = 0; i < count; i++) {
    a->a[i] = sm_rshift((int32_t)((uint32_t)t[i] * inverse), length + 9u);
    sum += a->a[i];
  }
  a->sum = sum;
  uint32_t j2 = (32u - sm_bitlen(squares)) & ~1u;
  uint32_t q = SM_DIVIDE((m << (15u - length)) * gain->c, square_root(squares << j2));
  uint32_t z = 16u - sm_bitlen(q);
  a->am = q << z;
  a->ae = (15 - (int32_t)length) + gain->ce - (int32_t)(j2 / 2u) + (int32_t)z;
  return 1;
}
