#include "single.h"

#include <string.h>

#include "port.h"

#define LOG2_E 1.44269504f
/* Below this exp counts as zero, so that no product of it is denormal: the chip's routines flush those. */
#define LEAST_EXPONENT (-30.0f)
#define MOST_LOGIT 1073741824.0f /* 2^30 */

static uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static float from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static float *floats(void *region) { return region; }
static const float *weights(const struct sm_matrix *w) { return (const float *)(const void *)w->words; }

/* x > 0: four steps of Newton's method from the exponent's half. */
static float inverse_root(float x) {
  float half = 0.5f * x, y = from_bits(0x5f3759dfu - (bits_of(x) >> 1));
  for (int i = 0; i < 4; i++) y = y * (1.5f - half * y * y);
  return y;
}

/* x <= 0: 2^whole times a polynomial for 2^rest, |rest| <= 1/2. */
static float exponential(float x) {
  if (x < LEAST_EXPONENT) return 0.0f;
  float t = x * LOG2_E;
  int32_t whole = (int32_t)(t - 0.5f);
  float rest = t - (float)whole;
  float p = 0.00133336f;
  p = p * rest + 0.00961813f;
  p = p * rest + 0.0555041f;
  p = p * rest + 0.240227f;
  p = p * rest + 0.693147181f;
  p = p * rest + 1.0f;
  return from_bits(bits_of(p) + ((uint32_t)whole << 23));
}

/* y: (rows) = W (rows, columns) @ x (columns). */
static void single_multiply(float *y, const struct sm_matrix *w, const float *x) {
  const float *row = weights(w);
  for (uint32_t r = 0; r < w->rows; r++) {
    float sum = 0.0f;
    for (uint32_t k = 0; k < w->columns; k++) sum = sum + row[k] * x[k];
    y[r] = sum;
    row += w->columns;
  }
}

/* a: (dim) = norm(x) times gain; RMSNorm, or LayerNorm without a bias. */
static void single_normalise(struct sm_engine *e, const struct sm_gain *gain) {
  uint32_t n = e->config.dim;
  const float *x = floats(e->x), *g = (const float *)(const void *)gain->g;
  float *a = floats(e->a.a), mean = 0.0f, squares = 0.0f, count = (float)(int32_t)n;
  if (e->config.family == SM_STARMIND) {
    for (uint32_t i = 0; i < n; i++) mean = mean + x[i];
    mean = mean / count;
  }
  for (uint32_t i = 0; i < n; i++) {
    a[i] = x[i] - mean;
    squares = squares + a[i] * a[i];
  }
  float scale = inverse_root(squares / count + from_bits(e->config.eps_bits));
  for (uint32_t i = 0; i < n; i++) a[i] = a[i] * scale * g[i];
}

/* Pairs (2i, 2i + 1) of a head, by the Q14 row of the position. */
static void single_rotate(float *head, const int16_t *row, uint32_t size) {
  for (uint32_t i = 0; i < size; i += 2) {
    float c = (float)row[i] * 0.00006103515625f, s = (float)row[i + 1] * 0.00006103515625f;
    float x = head[i], y = head[i + 1];
    head[i] = x * c - y * s;
    head[i + 1] = x * s + y * c;
  }
}

/* The cache of one layer and key-value head: (context, headSize). */
static float *cache(const struct sm_engine *e, uint32_t layer, uint32_t kv, uint32_t is_value) {
  const struct sm_config *c = &e->config;
  return floats(e->kv) + ((2u * layer + is_value) * c->kv_heads + kv) * c->head_size * c->context;
}

static void single_store(struct sm_engine *e, uint32_t layer, uint32_t position) {
  const struct sm_config *c = &e->config;
  uint32_t size = c->head_size;
  float *y = floats(e->y), *keys = y + c->heads * size, *values = keys + c->kv_heads * size;
  if (c->family == SM_LLAMA) {
    for (uint32_t h = 0; h < c->heads + c->kv_heads; h++) single_rotate(y + h * size, e->rope + position * size, size);
  }
  for (uint32_t kv = 0; kv < c->kv_heads; kv++) {
    memcpy(cache(e, layer, kv, 0) + position * size, keys + kv * size, size * sizeof(float));
    memcpy(cache(e, layer, kv, 1) + position * size, values + kv * size, size * sizeof(float));
  }
}

/* scores: (positions) become their softmax, not yet divided by its sum, which is returned. */
static float single_soften(float *scores, uint32_t positions) {
  float most = scores[0], sum = 0.0f;
  for (uint32_t j = 1; j < positions; j++) {
    if (scores[j] > most) most = scores[j];
  }
  for (uint32_t j = 0; j < positions; j++) {
    scores[j] = exponential(scores[j] - most);
    sum = sum + scores[j];
  }
  return sum;
}

static void single_attend(struct sm_engine *e, uint32_t layer, uint32_t positions) {
  const struct sm_config *c = &e->config;
  uint32_t size = c->head_size;
  float *scores = floats(e->scores), scale = inverse_root((float)(int32_t)size);
  for (uint32_t h = 0; h < c->heads; h++) {
    uint32_t kv = h / (c->heads / c->kv_heads);
    const float *q = floats(e->y) + h * size, *keys = cache(e, layer, kv, 0), *values = cache(e, layer, kv, 1);
    float *out = floats(e->t) + h * size;
    for (uint32_t j = 0; j < positions; j++) {
      float sum = 0.0f;
      for (uint32_t d = 0; d < size; d++) sum = sum + q[d] * keys[j * size + d];
      scores[j] = sum * scale;
    }
    float share = 1.0f / single_soften(scores, positions);
    for (uint32_t d = 0; d < size; d++) {
      float sum = 0.0f;
      for (uint32_t j = 0; j < positions; j++) sum = sum + scores[j] * values[j * size + d];
      out[d] = sum * share;
    }
  }
}

static float silu(float z) {
  float small = exponential(z > 0.0f ? -z : z);
  return z > 0.0f ? z / (1.0f + small) : z * small / (1.0f + small);
}

static void single_activate(struct sm_engine *e) {
  uint32_t hidden = e->config.hidden;
  const float *z = floats(e->y);
  float *t = floats(e->t);
  for (uint32_t i = 0; i < hidden; i++) {
    t[i] = silu(z[i]);
    if (e->config.family == SM_LLAMA) t[i] = t[i] * z[hidden + i];
  }
}

static void single_add_residual(struct sm_engine *e) {
  float *x = floats(e->x);
  const float *y = floats(e->y);
  for (uint32_t i = 0; i < e->config.dim; i++) x[i] = x[i] + y[i];
}

void sm_single_layers(struct sm_engine *e, uint32_t token, uint32_t position) {
  const struct sm_config *c = &e->config;
  SM_PHASE(SM_PHASE_EMBED);
  memcpy(e->x, weights(&e->embedding) + token * c->dim, c->dim * sizeof(float));
  for (uint32_t i = 0; i < c->layers; i++) {
    const struct sm_layer *layer = &e->layers[i];
    SM_PHASE(SM_PHASE_NORM);
    single_normalise(e, &layer->attention_norm);
    SM_PHASE(SM_PHASE_QKV);
    single_multiply(floats(e->y), &layer->wqkv, floats(e->a.a));
    SM_PHASE(SM_PHASE_ROPE);
    single_store(e, i, position);
    SM_PHASE(SM_PHASE_ATTENTION);
    single_attend(e, i, position + 1u);
    SM_PHASE(SM_PHASE_OUTPUT);
    single_multiply(floats(e->y), &layer->wo, floats(e->t));
    single_add_residual(e);
    SM_PHASE(SM_PHASE_NORM);
    single_normalise(e, &layer->ffn_norm);
    SM_PHASE(SM_PHASE_FFN);
    single_multiply(floats(e->y), &layer->w13, floats(e->a.a));
    single_activate(e);
    single_multiply(floats(e->y), &layer->w2, floats(e->t));
    single_add_residual(e);
  }
}

void sm_single_output(struct sm_engine *e) {
  const struct sm_config *c = &e->config;
  SM_PHASE(SM_PHASE_NORM);
  single_normalise(e, &e->final_norm);
  SM_PHASE(SM_PHASE_LOGITS);
  const float *row = weights(&e->output), *a = floats(e->a.a);
  float unit = (float)(1 << c->fl);
  for (uint32_t v = 0; v < c->vocabulary; v++) {
    float sum = 0.0f;
    for (uint32_t k = 0; k < c->dim; k++) sum = sum + row[k] * a[k];
    float scaled = sum * unit;
    if (!(scaled < MOST_LOGIT)) scaled = MOST_LOGIT;
    if (scaled < -MOST_LOGIT) scaled = -MOST_LOGIT;
    e->logits[v] = (int32_t)(scaled < 0.0f ? scaled - 0.5f : scaled + 0.5f);
    row += c->dim;
  }
}
