/*
 * The steps of a forward pass; internal to engine.c. Each is one file, named after the step.
 */
#ifndef SM_STEPS_H
#define SM_STEPS_H

#include "engine.h"

/* x[i] = embedding row `token`, fraction fx. */
void sm_embed(struct sm_engine *e, uint32_t token);

/* a = norm(x, gain), rms or layer by family. Uses t. */
void sm_norm(struct sm_engine *e, const struct sm_gain *gain);

/* Scales t: (n) into a: (n) so that the largest magnitude, given, becomes 127. Both have room to the next multiple of 4 and
 * become zero there. `unit` is t's unit exponent: its real values are t * 2^-unit. */
void sm_quantize(struct sm_scaled *a, int32_t *t, uint32_t n, uint32_t largest, int32_t unit);

/* What sm_quantize does to each element: a[i] = ((t[i] >> shift) * inverse + half of a unit) >> down. */
struct sm_quantizer {
  uint32_t shift, inverse, down;
};

/* That, and the scale of a, from the largest magnitude, which is above 0. */
void sm_quantize_to(struct sm_scaled *a, struct sm_quantizer *q, uint32_t largest, int32_t unit);

/* t: (n) -> a: (n) and a->sum, in halves on two cores. Both have room to the next multiple of 4 and become zero there. */
void sm_scale_all(struct sm_scaled *a, int32_t *t, uint32_t n, const struct sm_quantizer *q);

/* a = 0 with scale 0. */
void sm_scaled_zero(struct sm_scaled *a, uint32_t n);

/* y: q, k and v rows of the layer -> q8 stays in y: (heads * headSize); k8 and v8 go to the cache at `position`. */
void sm_rope_and_store(struct sm_engine *e, uint32_t layer, uint32_t position);

/* y: (heads, headSize) q8, and the cache up to `position` -> t: (heads, headSize), unit exponent 8 + fqkv - vShift. */
void sm_attention(struct sm_engine *e, uint32_t layer, uint32_t position);

/* a: (dim) -> x += W2 act(W1 a) (or W13); uses a, t and y. */
void sm_ffn(struct sm_engine *e, uint32_t layer);

/* Elements from which on a pass is worth halving between two cores. */
#define SM_WORTH_HALVING 32u

/* The 8-bit cache of one layer and key-value head; its layout is in kernels/attention.h. */
static inline uint8_t *sm_kv_head(const struct sm_engine *e, uint32_t layer, uint32_t kv, uint32_t is_value) {
  const struct sm_config *c = &e->config;
  uint32_t head_bytes = c->head_size * ((c->context + 3u) & ~3u);
  return e->kv + ((2u * layer + is_value) * c->kv_heads + kv) * head_bytes;
}

#endif
