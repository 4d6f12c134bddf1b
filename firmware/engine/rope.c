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
  const int16_t *row; /* of rotations, NULL without */
  struct sm_narrow to;
};

static void SM_HOT turn(void *argument) {
  const struct turned *part = argument;
  if (part->row == NULL) sm_narrow_all(part->y, part->heads * part->size, &part->to);
  else sm_rotate(part->y, part->heads, part->size / 2u, part->row, &part->to);
}

/* Keys and values go to the cache; the layer's `reach` follows. */
static SM_INLINE void store(struct sm_engine *e, uint32_t layer, uint32_t position, const int32_t *k, const int32_t *v) {
  const struct sm_config *c = &e->config;
  uint32_t size = c->head_size;
  struct sm_store job = {k, v, sm_kv_head(e, layer, 0, 0) + (position >> 2) * 4u * size + (position & 3u),
                         sm_kv_head(e, layer, 0, 1) + position * size, c->kv_heads, size,
                         size * ((c->context + 3u) & ~3u), {e->layers[layer].p.v_shift, c->v_max}};
#if SM_KERNELS_M0
  uint32_t squares = size % 2u == 0 ? sm_store_m0(&job) : sm_store_portable(&job);
#else
  uint32_t squares = sm_store_portable(&job);
#endif
  uint32_t reach = (squares + 3u) >> 2, *all = &e->layers[layer].reach;
  if (position > e->reached) reach = (size * c->k_max * c->k_max + 3u) >> 2; /* keys are there that nobody measured */
  if (position == 0 || reach > *all) *all = reach;
  if (layer + 1u < c->layers) return;
  if (position == 0 || position >= e->reached) e->reached = position + 1u;
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
  uint32_t shared = SM_CORES() == 2u && c->heads * size >= SM_WORTH_HALVING;
  if (shared) SM_PARALLEL(turn, &queries);
  else turn(&queries);
  turn(&keys);
  store(e, layer, position, k, v);
  if (shared) SM_JOIN();
}
