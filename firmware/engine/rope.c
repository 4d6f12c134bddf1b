/*
 * Rotary positions (llama), and the 8-bit query, key and value of both families.
 */
#include "../kernels/rope.h"

#include "steps.h"

/* Neighbouring heads, in place. */
struct turned {
  int32_t *y;
  uint32_t heads, size;
  const int16_t *row; /* of rotations, NULL without */
  struct sm_narrow to;
};

static void SM_HOT turn(void *argument) {
  const struct turned *part = argument;
  int32_t *y = part->y;
  if (part->row == NULL) {
    sm_narrow_all(y, part->heads * part->size, &part->to);
    return;
  }
  for (uint32_t h = 0; h < part->heads; h++, y += part->size) sm_rotate(y, part->size / 2u, part->row, &part->to);
}

static void SM_HOT store(struct sm_engine *e, uint32_t layer, uint32_t position, const int32_t *k, const int32_t *v) {
  const struct sm_config *c = &e->config;
  uint32_t size = c->head_size;
  for (uint32_t h = 0; h < c->kv_heads; h++) {
    uint8_t *keys = sm_kv_head(e, layer, h, 0) + (position >> 2) * 4u * size + (position & 3u);
    uint8_t *values = sm_kv_head(e, layer, h, 1) + position * size;
    for (uint32_t d = 0; d < size; d++) {
      keys[4u * d] = (uint8_t)(*k++ + 128);
      values[d] = (uint8_t)(*v++ + 128);
    }
  }
}

/* Queries are as much work as keys, values and their storing where every key-value head serves two query heads. */
void SM_HOT sm_rope_and_store(struct sm_engine *e, uint32_t layer, uint32_t position) {
  const struct sm_config *c = &e->config;
  const struct sm_layer_parameters *p = &e->layers[layer].p;
  uint32_t size = c->head_size;
  int32_t *q = e->y, *k = q + c->heads * size, *v = k + c->kv_heads * size;

  /* Rope's products have 14 bits more. */
  uint32_t more = c->family == SM_LLAMA ? 14u : 0u;
  const int16_t *row = c->family == SM_LLAMA ? e->rope + position * size : NULL;
  struct turned queries = {q, c->heads, size, row, {more + p->q_shift, c->q_max}};
  struct turned keys = {k, c->kv_heads, size, row, {more + p->k_shift, c->k_max}};
  struct turned values = {v, c->kv_heads, size, NULL, {p->v_shift, c->v_max}};
  uint32_t shared = SM_CORES() == 2u && c->heads * size >= SM_WORTH_HALVING;
  if (shared) SM_PARALLEL(turn, &queries);
  else turn(&queries);
  turn(&keys);
  turn(&values);
  store(e, layer, position, k, v);
  if (shared) SM_JOIN();
}
