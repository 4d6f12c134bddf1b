/*
 * The feed-forward layer's activation: SiLU (starmind) or SwiGLU (llama), from a table of the sigmoid.
 */
#include "arith.h"
#include "steps.h"

#define Z_MAX 32767

/*
 * sigma's index is rshift(z, fz - 6) + 512, or (z << (6 - fz)) + 512. As one expression for both: the rounding and the 512
 * are added before the right shift. Shifts beyond 16 take every z to 512, as 16 does.
 */
struct steps {
  uint32_t left, right, offset;
};

static struct steps steps_of(int32_t fz) {
  struct steps s = {0, 0, 0};
  if (fz < 6) s.left = (uint32_t)(6 - fz);
  else s.right = fz - 6 > 16 ? 16u : (uint32_t)(fz - 6);
  s.offset = (512u << s.right) + sm_half(s.right);
  return s;
}

/* z * sigma(z) for |z| <= Z_MAX. */
static inline int32_t silu(int32_t z, const uint16_t *sigma, const struct steps *s) {
  int32_t index = sm_asr((int32_t)(((uint32_t)z << s->left) + s->offset), s->right);
  if ((uint32_t)index > 1023u) index = index < 0 ? 0 : 1023;
  return sm_asr((int32_t)((uint32_t)z * sigma[index] + (1u << 14)), 15);
}

/* One comparison for the usual case. */
static inline int32_t clamp_z(int32_t z) {
  if ((uint32_t)z + Z_MAX > 2u * Z_MAX) return z < 0 ? -Z_MAX : Z_MAX;
  return z;
}

static void SM_HOT silu_all(int32_t *t, const int32_t *z, const int32_t *end, const uint16_t *sigma,
                            const struct steps *steps) {
  const struct steps s = *steps;
  while (z != end) *t++ = silu(clamp_z(*z++), sigma, &s);
}

static void SM_HOT multiply_up(int32_t *t, const int32_t *up, const int32_t *end) {
  while (up != end) *t = sm_mul(*t, clamp_z(*up++)), t++;
}

int32_t SM_HOT sm_ffn_activation(struct sm_engine *e, int32_t fz) {
  const int32_t *z = e->y, *up = z + e->config.hidden;
  struct steps s = steps_of(fz);
  silu_all(e->t, z, up, e->sigma, &s);
  if (e->config.family != SM_LLAMA) return fz;
  multiply_up(e->t, up, up + e->config.hidden);
  return 2 * fz;
}
