/*
 * The feed-forward layer's activation: SiLU (starmind) or SwiGLU (llama), from a table of the sigmoid.
 */
#include "../kernels/activation.h"
#include "steps.h"

static uint32_t SM_HOT silu(int32_t *t, const int32_t *z, uint32_t n, const struct sm_sigmoid *s) {
#if SM_KERNELS_M0
  if (s->left == 0 && s->right <= SM_ACTIVATION_M0_RIGHT) return sm_silu_m0(t, z, n, s);
#endif
  return sm_silu_portable(t, z, n, s);
}

static uint32_t SM_HOT swiglu(int32_t *t, const int32_t *z, const int32_t *up, uint32_t n,
                              const struct sm_sigmoid *s) {
#if SM_KERNELS_M0
  if (s->left == 0 && s->right <= SM_ACTIVATION_M0_RIGHT) return sm_swiglu_m0(t, z, up, n, s);
#endif
  return sm_swiglu_portable(t, z, up, n, s);
}

/* Some of the elements; `up` is NULL for SiLU. */
struct elements {
  int32_t *t;
  const int32_t *z, *up;
  uint32_t n;
  const struct sm_sigmoid *sigmoid;
  uint32_t largest; /* of |t|, the result */
};

static void SM_HOT activate(void *argument) {
  struct elements *part = argument;
  part->largest = part->up != NULL ? swiglu(part->t, part->z, part->up, part->n, part->sigmoid)
                                   : silu(part->t, part->z, part->n, part->sigmoid);
}

/* All elements, halves of them on two cores; returns the largest |t|. */
static uint32_t SM_HOT activate_all(int32_t *t, const int32_t *z, const int32_t *up, uint32_t n,
                                    const struct sm_sigmoid *s) {
  struct elements mine = {t, z, up, n, s, 0};
  if (SM_CORES() == 1u || n < SM_WORTH_HALVING) {
    activate(&mine);
    return mine.largest;
  }
  uint32_t half = n >> 1;
  struct elements others = {t + half, z + half, up != NULL ? up + half : NULL, n - half, s, 0};
  SM_PARALLEL(activate, &others);
  mine.n = half;
  activate(&mine);
  SM_JOIN();
  return mine.largest > others.largest ? mine.largest : others.largest;
}

void SM_HOT sm_ffn_activation(struct sm_engine *e, uint32_t layer) {
  int32_t fz = e->layers[layer].p.fz;
  uint32_t hidden = e->config.hidden, largest;
  struct sm_sigmoid s;
  sm_sigmoid_init(&s, e->sigma, fz);
  int32_t unit = fz;
  if (e->config.family == SM_LLAMA) {
    largest = activate_all(e->t, e->y, e->y + hidden, hidden, &s);
    unit = 2 * fz;
  } else {
    largest = activate_all(e->t, e->y, NULL, hidden, &s);
  }
  SM_TAP(SM_TAP_FFN, layer, e->t, hidden);
  sm_quantize(&e->a, e->t, hidden, largest, unit);
}
