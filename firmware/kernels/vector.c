#include "vector.h"

#include "../engine/arith.h"

int32_t SM_HOT sm_scale_portable(int32_t *out, const int32_t *t, uint32_t n, uint32_t shift, uint32_t inverse,
                                 uint32_t down) {
  uint32_t half = 1u << (down - 1u);
  int32_t sum = 0;
  for (const int32_t *end = t + n; t != end; t++) {
    int32_t value = sm_asr((int32_t)((uint32_t)sm_asr(*t, shift) * inverse + half), down);
    sum += value;
    *out++ = value;
  }
  return sum;
}

/* The two ends are kept apart: that is two comparisons per element and no absolute value. */
uint32_t SM_HOT sm_largest_portable(const int32_t *t, uint32_t n) {
  int32_t most = 0, least = 0;
  for (const int32_t *end = t + n; t != end; t++) {
    if (*t > most) most = *t;
    if (*t < least) least = *t;
  }
  uint32_t below = sm_abs(least);
  return below > (uint32_t)most ? below : (uint32_t)most;
}

uint32_t SM_HOT sm_gain_portable(int32_t *t, const int32_t *x, const int16_t *g, uint32_t n, int32_t shift,
                                 uint32_t *largest) {
  uint32_t squares = 0;
  uint32_t down = shift > 0 ? (uint32_t)shift : 0, up = shift < 0 ? (uint32_t)-shift : 0;
  for (uint32_t i = 0; i < n; i++) {
    int32_t u = (int32_t)((uint32_t)sm_asr(x[i], down) << up);
    int32_t v = sm_asr(u + 8, 4);
    squares += (uint32_t)(v * v);
    t[i] = sm_asr(u * g[i] + (1 << 14), 15);
  }
  *largest = sm_largest_portable(t, n);
  return squares;
}

uint32_t SM_HOT sm_argmax_portable(const int32_t *values, uint32_t n) {
  const int32_t *best = values, *end = values + n;
  int32_t most = *values;
  for (const int32_t *v = values + 1; v < end; v++) {
    if (*v > most) most = *v, best = v;
  }
  return (uint32_t)(best - values);
}

void SM_HOT sm_add_portable(int32_t *x, const int32_t *y, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) x[i] = sm_add(x[i], y[i]);
}
