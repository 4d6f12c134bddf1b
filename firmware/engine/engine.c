#include "engine.h"

#include <string.h>

#include "../kernels/vector.h"
#include "arith.h"
#include "single.h"
#include "steps.h"

/* ---- binding an image ---------------------------------------------------------------------------------------- */

/* Where `bytes` at `offset` of the image are when the engine runs: there, or copied to their place in the arena. */
static const void *place(const struct sm_image *image, uint8_t *arena, uint32_t offset, uint32_t bytes, uint32_t at) {
  if (at == SM_NO_ARENA) return image->bytes + offset;
  return memcpy(arena + at, image->bytes + offset, bytes);
}

static void bind_matrix(struct sm_matrix *w, const struct sm_image *image, uint8_t *arena, uint32_t index) {
  struct sm_tensor t;
  sm_image_tensor(image, index, &t);
  w->words = place(image, arena, t.data_offset, t.data_bytes, t.data_arena);
  w->wm = t.tile != 0 ? NULL : place(image, arena, t.scale_offset, t.scale_bytes, t.scale_arena);
  w->rows = t.rows;
  w->columns = t.columns;
  w->we = t.exponent;
  w->pre = t.pre;
  w->format = t.format;
  w->tile = t.tile;
  w->run = !SM_KERNELS_M0 ? 0 : t.run != 0 ? t.run : sm_matvec_run(w);
}

static void bind_gain(struct sm_gain *gain, const struct sm_image *image, uint8_t *arena, uint32_t index) {
  struct sm_tensor t;
  sm_image_tensor(image, index, &t);
  gain->g = place(image, arena, t.data_offset, t.data_bytes, t.data_arena);
  gain->c = t.norm_c;
  gain->ce = t.norm_ce;
}

static const void *bind_table(const struct sm_image *image, uint8_t *arena, enum sm_table_kind kind) {
  struct sm_table t;
  sm_image_table(image, (uint32_t)kind - 1u, &t);
  return place(image, arena, t.offset, t.bytes, t.arena);
}

static void *region(const struct sm_image *image, uint8_t *arena, enum sm_region_kind kind) {
  struct sm_region r;
  sm_image_region(image, kind, &r);
  return arena + r.arena;
}

int sm_engine_init(struct sm_engine *e, const struct sm_image *image, void *arena_memory) {
  uint8_t *arena = arena_memory;
  e->config = image->config;

  /* The directory's order: embedding, six per layer, final norm, output. */
  bind_matrix(&e->embedding, image, arena, 0);
  e->layers = e->kept;
  if (e->config.layers > SM_ENGINE_LAYERS) e->layers = (struct sm_layer *)(void *)(arena + ((image->arena_bytes + 3u) & ~3u));
  for (uint32_t i = 0; i < e->config.layers; i++) {
    struct sm_layer *layer = &e->layers[i];
    uint32_t first = 1u + 6u * i;
    bind_gain(&layer->attention_norm, image, arena, first);
    bind_matrix(&layer->wqkv, image, arena, first + 1u);
    bind_matrix(&layer->wo, image, arena, first + 2u);
    bind_gain(&layer->ffn_norm, image, arena, first + 3u);
    bind_matrix(&layer->w13, image, arena, first + 4u);
    bind_matrix(&layer->w2, image, arena, first + 5u);
    sm_image_layer(image, i, &layer->p);
  }
  bind_gain(&e->final_norm, image, arena, 1u + 6u * e->config.layers);
  if (e->config.tied) e->output = e->embedding;
  else bind_matrix(&e->output, image, arena, 2u + 6u * e->config.layers);

  e->sigma = bind_table(image, arena, SM_TABLE_SIGMA);
  e->exp_table = bind_table(image, arena, SM_TABLE_EXP);
  e->exp2 = bind_table(image, arena, SM_TABLE_EXP2);
  e->rope = e->config.family == SM_LLAMA ? bind_table(image, arena, SM_TABLE_ROPE) : NULL;

  e->kv = region(image, arena, SM_REGION_KV);
  e->reached = 0;
  e->x = region(image, arena, SM_REGION_X);
  e->a.a = region(image, arena, SM_REGION_A);
  e->t = region(image, arena, SM_REGION_T);
  e->y = region(image, arena, SM_REGION_Y);
  e->scores = region(image, arena, SM_REGION_SCORES);
  e->logits = region(image, arena, SM_REGION_LOGITS);
  return SM_OK;
}

/* ---- a token ------------------------------------------------------------------------------------------------- */

/* x[i] += y[i], i < dim. */
static void SM_HOT add_residual(struct sm_engine *e) {
  sm_add_all(e->x, e->y, e->config.dim);
}

static void SM_HOT attention_half(struct sm_engine *e, uint32_t index, uint32_t position) {
  const struct sm_config *c = &e->config;
  const struct sm_layer *layer = &e->layers[index];
  uint32_t n = c->heads * c->head_size;

  SM_PHASE(SM_PHASE_NORM);
  sm_norm(e, &layer->attention_norm);
  SM_TAP(SM_TAP_NORM1, index, e->a.a, c->dim);

  SM_PHASE(SM_PHASE_QKV);
  sm_matvec(&layer->wqkv, &e->a, layer->p.fqkv, e->y);
  SM_TAP(SM_TAP_QKV, index, e->y, layer->wqkv.rows);

  SM_PHASE(SM_PHASE_ROPE);
  sm_rope_and_store(e, index, position);

  SM_PHASE(SM_PHASE_ATTENTION);
  sm_attention(e, index, position);
  SM_TAP(SM_TAP_ATTENTION, index, e->t, n);

  SM_PHASE(SM_PHASE_OUTPUT);
  sm_quantize(&e->a, e->t, n, sm_largest(e->t, n), 8 + layer->p.fqkv - layer->p.v_shift);
  sm_matvec(&layer->wo, &e->a, c->fx, e->y);
  add_residual(e);
  SM_TAP(SM_TAP_OUTPUT, index, e->x, c->dim);
}

static void SM_HOT ffn_half(struct sm_engine *e, uint32_t index) {
  const struct sm_layer *layer = &e->layers[index];

  SM_PHASE(SM_PHASE_NORM);
  sm_norm(e, &layer->ffn_norm);
  SM_TAP(SM_TAP_NORM2, index, e->a.a, e->config.dim);

  SM_PHASE(SM_PHASE_FFN);
  sm_ffn(e, index);
  SM_TAP(SM_TAP_LAYER, index, e->x, e->config.dim);
}

/* The token's embedding, then the layers; leaves the stream open when logits follow. */
static int SM_HOT run_layers(struct sm_engine *e, uint32_t token, uint32_t position, uint32_t logits) {
  if (token >= e->config.vocabulary) return SM_ERR_BAD_TOKEN;
  if (position >= e->config.context) return SM_ERR_BAD_POSITION;
  if (e->config.single) {
    sm_single_layers(e, token, position);
    return SM_OK;
  }
  SM_PHASE(SM_PHASE_EMBED);
  sm_embed(e, token);
  SM_TAP(SM_TAP_EMBED, 0, e->x, e->config.dim);
  SM_STREAM_BEGIN(logits ? SM_STREAM_LAYERS | SM_STREAM_LOGITS : SM_STREAM_LAYERS);
  for (uint32_t i = 0; i < e->config.layers; i++) {
    attention_half(e, i, position);
    ffn_half(e, i);
  }
  if (!logits) SM_STREAM_END();
  return SM_OK;
}

static void SM_HOT run_output(struct sm_engine *e) {
  if (e->config.single) {
    sm_single_output(e);
    return;
  }
  SM_PHASE(SM_PHASE_NORM);
  sm_norm(e, &e->final_norm);
  SM_TAP(SM_TAP_FINAL, e->config.layers, e->a.a, e->config.dim);
  SM_PHASE(SM_PHASE_LOGITS);
  sm_matvec(&e->output, &e->a, e->config.fl, e->logits);
  SM_STREAM_END();
  SM_TAP(SM_TAP_LOGITS, e->config.layers, e->logits, e->config.vocabulary);
}

int SM_HOT sm_engine_forward(struct sm_engine *e, uint32_t token, uint32_t position) {
  return run_layers(e, token, position, 0);
}

void SM_HOT sm_engine_logits(struct sm_engine *e) {
  SM_STREAM_BEGIN(SM_STREAM_LOGITS);
  run_output(e);
}

int32_t SM_HOT sm_engine_step(struct sm_engine *e, uint32_t token, uint32_t position, struct sm_sampler *sampler) {
  int error = run_layers(e, token, position, 1);
  if (error != SM_OK) return error;
  run_output(e);
  SM_PHASE(SM_PHASE_SAMPLE);
  return (int32_t)sm_sample(sampler, e->logits, e->config.vocabulary, e->config.fl, e->exp2);
}
