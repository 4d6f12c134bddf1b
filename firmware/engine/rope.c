/*
 * Rotary positions (llama), and the 8-bit query, key and value of both families.
 */
#include "../kernels/rope.h"

#include "arith.h"
#include "steps.h"

/* Neighbouring heads, in place. */
struct turned {
  int32_t *y;
  uint32_t heads, size;
  const int16_t *row; /* of rotations */
  struct sm_narrow to;
};

static void SM_HOT turn(void *argument) {
  const struct turned *part = argument;
  sm_rotate(part->y, part->heads, part->size / 2u, part->row, &part->to);
}

/* Keys and values go to the cache; the layer's `reach` follows. */
static void SM_HOT store(struct sm_engine *e, uint32_t layer, uint32_t position, const int32_t *k) {
  const struct sm_config *c = &e->config;
  uint32_t size = c->head_size, part = size * ((c->context + 3u) & ~3u), all = c->kv_heads * part;
  uint8_t *keys = e->kv + 2u * layer * all, *values = keys + all + position * size;
  struct sm_store job = {k, k + c->kv_heads * size, keys + (position >> 2) * 4u * size + (position & 3u), values,
                         c->kv_heads, size, part, {e->layers[layer].p.v_shift, c->v_max}};
#if SM_KERNELS_M0
  uint32_t squares = size % 2u == 0 ? sm_store_m0(&job) : sm_store_portable(&job);
#else
  uint32_t squares = sm_store_portable(&job);
#endif
  uint32_t reach = (squares + 3u) >> 2, *longest = &e->layers[layer].reach;
  if (position > e->reached) reach = (size * c->k_max * c->k_max + 3u) >> 2; /* keys are there that nobody measured */
  if (position == 0 || reach > *longest) *longest = reach;
  if (layer + 1u < c->layers) return;
  if (position == 0 || position >= e->reached) e->reached = position + 1u;
}

/* Queries are as much work as keys, values and their storing where every key-value head serves two query heads. */
static void SM_HOT rotate_and_store(struct sm_engine *e, uint32_t layer, uint32_t position, int32_t *k) {
  const struct sm_config *c = &e->config;
  const struct sm_layer_parameters *p = &e->layers[layer].p;
  const int16_t *row = e->rope + position * c->head_size;
  /* Products have 14 bits more. */
  struct turned queries = {e->y, c->heads, c->head_size, row, {14u + p->q_shift, c->q_max}};
  struct turned keys = {k, c->kv_heads, c->head_size, row, {14u + p->k_shift, c->k_max}};
  uint32_t shared = SM_CORES() == 2u && c->heads * c->head_size >= SM_WORTH_HALVING;
  if (shared) SM_PARALLEL(turn, &queries);
  else turn(&queries);
  turn(&keys);
  store(e, layer, position, k);
  if (shared) SM_JOIN();
}

void SM_HOT sm_rope_and_store(struct sm_engine *e, uint32_t layer, uint32_t position) {
  const struct sm_config *c = &e->config;
  const struct sm_layer_parameters *p = &e->layers[layer].p;
  uint32_t n = c->heads * c->head_size;
  int32_t *k = e->y + n;
  if (c->family == SM_LLAMA) {
    rotate_and_store(e, layer, position, k);
    return;
  }
  struct sm_narrow to = {p->q_shift, c->q_max};
  sm_narrow_all(e->y, n, &to);
  to.shift = p->k_shift;
  to.most = c->k_max;
  sm_narrow_all(k, c->kv_heads * c->head_size, &to);
  store(e, layer, position, k);
}
