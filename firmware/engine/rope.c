/*
 * Rotary positions (llama), and the 8-bit query, key and value of both families.
 */
#include "arith.h"
#include "steps.h"

#define Y_MAX 32767 /* of qkv after its matvec */

/* One head, (headSize) in place: rotate its pairs by the position's row of the table, scale to 8 bits. */
static void SM_HOT rotate(int32_t *head, uint32_t pairs, const int16_t *row, uint32_t shift, int32_t most) {
  uint32_t half = sm_half(shift);
  for (uint32_t i = 0; i < pairs; i++) {
    int32_t y0 = sm_clamp(head[0], Y_MAX), y1 = sm_clamp(head[1], Y_MAX);
    int32_t c = row[0], s = row[1];
    int32_t r0 = sm_sub(sm_mul(y0, c), sm_mul(y1, s));
    int32_t r1 = sm_add(sm_mul(y0, s), sm_mul(y1, c));
    head[0] = sm_clamp(sm_asr((int32_t)((uint32_t)r0 + half), shift), most);
    head[1] = sm_clamp(sm_asr((int32_t)((uint32_t)r1 + half), shift), most);
    head += 2, row += 2;
  }
}

/* values: (n) in place, to 8 bits. */
static void SM_HOT narrow(int32_t *values, uint32_t n, uint32_t shift, int32_t most) {
  uint32_t half = sm_half(shift);
  for (uint32_t i = 0; i < n; i++) {
    values[i] = sm_clamp(sm_asr((int32_t)((uint32_t)sm_clamp(values[i], Y_MAX) + half), shift), most);
  }
}

void SM_HOT sm_rope_and_store(struct sm_engine *e, uint32_t layer, uint32_t position) {
  const struct sm_config *c = &e->config;
  const struct sm_layer_parameters *p = &e->layers[layer].p;
  uint32_t size = c->head_size;
  int32_t *q = e->y, *k = q + c->heads * size, *v = k + c->kv_heads * size;

  if (c->family == SM_LLAMA) {
    const int16_t *row = e->rope + position * size;
    for (uint32_t h = 0; h < c->heads; h++) rotate(q + h * size, size / 2u, row, 14u + p->q_shift, c->q_max);
    for (uint32_t h = 0; h < c->kv_heads; h++) rotate(k + h * size, size / 2u, row, 14u + p->k_shift, c->k_max);
  } else {
    narrow(q, c->heads * size, p->q_shift, c->q_max);
    narrow(k, c->kv_heads * size, p->k_shift, c->k_max);
  }
  narrow(v, c->kv_heads * size, p->v_shift, c->v_max);

  for (uint32_t h = 0; h < c->kv_heads; h++) {
    uint8_t *keys = sm_kv_head(e, layer, h, 0) + (position >> 2) * 4u * size + (position & 3u);
    uint8_t *values = sm_kv_head(e, layer, h, 1) + position * size;
    for (uint32_t d = 0; d < size; d++) {
      keys[4u * d] = (uint8_t)(*k++ + 128);
      values[d] = (uint8_t)(*v++ + 128);
    }
  }
}
