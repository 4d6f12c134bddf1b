#include "activation.h"

#include "../engine/arith.h"

#define Z_MAX 32767

/* One comparison for the usual case. */
static inline int32_t clamp_z(int32_t z) {
  if ((uint32_t)z + Z_MAX > 2u * Z_MAX) return z < 0 ? -Z_MAX : Z_MAX;
  return z;
}

static inline int32_t silu(int32_t z, const struct sm_sigmoid *s) {
  int32_t index = sm_asr((int32_t)(((uint32_t)z << s->left) + s->offset), s->right);
  if ((uint32_t)index > 1023u) index = index < 0 ? 0 : 1023;
  return sm_asr((int32_t)((uint32_t)z * s->table[index] + (1u << 14)), 15);
}

static inline uint32_t larger(uint32_t most, int32_t value) {
  uint32_t magnitude = sm_abs(value);
  return magnitude > most ? magnitude : most;
}

uint32_t SM_HOT sm_silu_portable(int32_t *t, const int32_t *z, uint32_t n, const struct sm_sigmoid *sigmoid) {
  const struct sm_sigmoid s = *sigmoid;
  uint32_t most = 0;
  for (const int32_t *end = z + n; z != end; t++) {
    *t = silu(clamp_z(*z++), &s);
    most = larger(most, *t);
  }
  return most;
}

uint32_t SM_HOT sm_swiglu_portable(int32_t *t, const int32_t *z, const int32_t *up, uint32_t n,
                                   const struct sm_sigmoid *sigmoid) {
  const struct sm_sigmoid s = *sigmoid;
  uint32_t most = 0;
  for (const int32_t *end = z + n; z != end; t++) {
    *t = sm_mul(silu(clamp_z(*z++), &s), clamp_z(*up++));
    most = larger(most, *t);
  }
  return most;
}
