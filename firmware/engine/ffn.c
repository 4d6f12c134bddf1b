/*
 * The feed-forward layer's activation: SiLU (starmind) or SwiGLU (llama), from a table of the sigmoid.
 */
#include "arith.h"
#include "steps.h"

#define Z_MAX 32767

/* z * sigma(z), with z's fraction when it is shifted by `right` (or `left`) to the table's 1/64 steps. */
static inline int32_t silu(int32_t z, const uint16_t *sigma, uint32_t right, uint32_t half, uint32_t left) {
  int32_t index = (int32_t)((uint32_t)sm_asr((int32_t)((uint32_t)z + half), right) << left) + 512;
  if (index < 0) index = 0;
  if (index > 1023) index = 1023;
  return sm_asr((int32_t)((uint32_t)z * sigma[index] + (1u << 14)), 15);
}

int32_t SM_HOT sm_ffn_activation(struct sm_engine *e, int32_t fz) {
  uint32_t hidden = e->config.hidden;
  const uint16_t *sigma = e->sigma;
  const int32_t *y = e->y;
  int32_t *t = e->t, *end = t + hidden;
  uint32_t right = fz > 6 ? (uint32_t)(fz - 6) : 0, half = sm_half(right);
  uint32_t left = fz < 6 ? (uint32_t)(6 - fz) : 0;

  if (e->config.family == SM_LLAMA) {
    while (t != end) {
      int32_t up = sm_clamp(y[hidden], Z_MAX);
      *t++ = sm_mul(silu(sm_clamp(*y++, Z_MAX), sigma, right, half, left), up);
    }
    return 2 * fz;
  }
  while (t != end) *t++ = silu(sm_clamp(*y++, Z_MAX), sigma, right, half, left);
  return fz;
}
