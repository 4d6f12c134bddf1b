/*
 * Rotary positions (llama), and the 8-bit query, key and value of both families.
 */
#include "../kernels/rope.h"

#include "steps.h"

void SM_HOT sm_rope_and_store(struct sm_engine *e, uint32_t layer, uint32_t position) {
  const struct sm_config *c = &e->config;
  const struct sm_layer_parameters *p = &e->layers[layer].p;
  uint32_t size = c->head_size;
  int32_t *q = e->y, *k = q + c->heads * size, *v = k + c->kv_heads * size;

  /* Rope's products have 14 bits more. */
  uint32_t more = c->family == SM_LLAMA ? 14u : 0u;
  struct sm_narrow to_q = {more + p->q_shift, c->q_max};
  struct sm_narrow to_k = {more + p->k_shift, c->k_max};
  struct sm_narrow to_v = {p->v_shift, c->v_max};
  if (c->family == SM_LLAMA) {
    const int16_t *row = e->rope + position * size;
    for (uint32_t h = 0; h < c->heads; h++) sm_rotate(q + h * size, size / 2u, row, &to_q);
    for (uint32_t h = 0; h < c->kv_heads; h++) sm_rotate(k + h * size, size / 2u, row, &to_k);
  } else {
    sm_narrow_all(q, c->heads * size, &to_q);
    sm_narrow_all(k, c->kv_heads * size, &to_k);
  }
  sm_narrow_all(v, c->kv_heads * size, &to_v);

  for (uint32_t h = 0; h < c->kv_heads; h++) {
    uint8_t *keys = sm_kv_head(e, layer, h, 0) + (position >> 2) * 4u * size + (position & 3u);
    uint8_t *values = sm_kv_head(e, layer, h, 1) + position * size;
    for (uint32_t d = 0; d < size; d++) {
      keys[4u * d] = (uint8_t)(*k++ + 128);
      values[d] = (uint8_t)(*v++ + 128);
    }
  }
}
