/*
 * The feed-forward layer: the first matrix, SiLU (starmind) or SwiGLU (llama) from a table of the sigmoid, the second matrix, and
 * the residual.
 */
#include "../kernels/activation.h"
#include "../kernels/sums.h"
#include "../kernels/vector.h"
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

/* ---- the hidden vector ----------------------------------------------------------------------------------------- */

/* Some of the elements; `up` is NULL for SiLU, whose z may have to be multiplied out first. */
struct elements {
  int32_t *t;
  const int32_t *z, *up;
  uint32_t n;
  const struct sm_sigmoid *sigmoid;
  uint32_t largest; /* of |t|, the result */
  struct sm_product product;
};

static void SM_HOT activate(void *argument) {
  struct elements *part = argument;
  part->largest = part->up != NULL ? swiglu(part->t, part->z, part->up, part->n, part->sigmoid)
                                   : silu(part->t, part->z, part->n, part->sigmoid);
}

static void SM_HOT multiply_and_activate(void *argument) {
  struct elements *part = argument;
  part->product.run(&part->product.job);
  part->largest = silu(part->t, part->z, part->n, part->sigmoid);
}

/* A step on two cores: `mine` has all elements, of which the other core does the first `half`. `others` is filled but for its product. */
static uint32_t SM_HOT in_halves(void (*step)(void *), struct elements *mine, struct elements *others, uint32_t half) {
  others->t = mine->t;
  others->z = mine->z;
  others->up = mine->up;
  others->sigmoid = mine->sigmoid;
  others->n = half;
  SM_PARALLEL(step, others);
  mine->t += half;
  mine->z += half;
  if (mine->up != NULL) mine->up += half;
  mine->n -= half;
  step(mine);
  SM_JOIN();
  return mine->largest > others->largest ? mine->largest : others->largest;
}

/* a: (dim) -> t: (hidden); returns the largest |t|. */
static uint32_t SM_HOT hidden_vector(struct sm_engine *e, const struct sm_layer *layer) {
  const struct sm_matrix *w = &layer->w13;
  uint32_t hidden = e->config.hidden, two = SM_CORES() == 2u && hidden >= SM_WORTH_HALVING;
  struct sm_sigmoid s;
  sm_sigmoid_init(&s, e->sigma, layer->p.fz);
  struct elements mine, others;
  mine.t = e->t;
  mine.z = e->y;
  mine.up = NULL;
  mine.n = hidden;
  mine.sigmoid = &s;
  if (e->config.family == SM_LLAMA) {
    mine.up = e->y + hidden;
  } else if (w->tile == 0) {
    sm_product_init(&mine.product, w, &e->a, layer->p.fz, e->y);
    if (!two) {
      multiply_and_activate(&mine);
      return mine.largest;
    }
    sm_product_halve(w, &mine.product, &others.product);
    return in_halves(multiply_and_activate, &mine, &others, others.product.job.blocks * sm_block_rows(w->format));
  }
  sm_matvec(w, &e->a, layer->p.fz, e->y);
  if (two) return in_halves(activate, &mine, &others, hidden >> 1);
  activate(&mine);
  return mine.largest;
}

/* ---- the second matrix of a narrow model ----------------------------------------------------------------------- */

/* Columns from which on each core sums half of them. */
#define WORTH_COLUMNS 64u

/* Some of the columns of one block of rows: quantized and summed up. */
struct columns {
  const struct sm_quantizer *quantizer;
  const int32_t *t;
  int32_t *a;
  const struct sm_matrix *w;
  struct sm_sums job;
  int32_t sums[8]; /* the result */
};

/* The kernel of a whole product gives sums as they are for scales of 2 and one bit to drop. */
static void SM_HOT sum_int8(struct columns *part) {
  uint32_t unit[2] = {0x80008000u, 0x80008000u};
  struct sm_scaled a = {part->a, 8, 0, part->job.sum};
  struct sm_product product;
  sm_product_init(&product, part->w, &a, 0, part->sums);
  product.job.words = part->job.words;
  product.job.wm = (const uint16_t *)unit;
  product.job.columns = part->job.columns;
  product.job.pre = 0;
  product.job.post = 1;
  product.run(&product.job);
}

static void SM_HOT sum_columns(void *argument) {
  struct columns *part = argument;
  const struct sm_quantizer *q = part->quantizer;
  part->job.a = part->a;
  part->job.sums = part->sums;
#if SM_KERNELS_M0
  if (q->shift == 0 && part->w->format == SM_INT4 && part->w->rows > 4) { /* which need no sum of a */
    sm_scale_plain_m0(part->a, part->t, part->job.columns, q->inverse, q->down);
    sm_sums8_int4_m0(&part->job);
    return;
  }
#endif
  part->job.sum = sm_scale(part->a, part->t, part->job.columns, q->shift, q->inverse, q->down);
  if (part->w->format == SM_INT8) {
    sum_int8(part);
    return;
  }
#if SM_KERNELS_M0
  if (part->w->rows <= 4) sm_sums4_int4_m0(&part->job);
  else sm_sums8_int4_m0(&part->job);
#else
  sm_sums_int4_portable(&part->job);
#endif
}

/* t: (hidden) -> x += W2 t, quantized; one block of rows. */
static void SM_HOT narrow_product(struct sm_engine *e, const struct sm_matrix *w, uint32_t largest, int32_t unit) {
  struct sm_quantizer quantizer;
  struct columns mine, others;
  uint32_t columns = w->columns;
  sm_quantize_to(&e->a, &quantizer, largest, unit);
  while (columns & 3u) e->t[columns++] = 0; /* which become zeros */
  uint32_t two = SM_CORES() == 2u && columns >= WORTH_COLUMNS;
  uint32_t half = two ? columns >> 1 & ~3u : 0;
  if (two) {
    others.quantizer = &quantizer;
    others.t = e->t;
    others.a = e->a.a;
    others.w = w;
    others.job.words = w->words;
    others.job.columns = half;
    others.job.first = others.job.run = w->run;
    SM_PARALLEL(sum_columns, &others);
  }
  mine.quantizer = &quantizer;
  mine.t = e->t + half;
  mine.a = e->a.a + half;
  mine.w = w;
  mine.job.words = w->words + half;
  mine.job.columns = columns - half;
  mine.job.run = w->run;
  uint32_t over = half; /* of the run that the half ends in */
  while (over >= w->run && over > 0) over -= w->run != 0 ? w->run : over;
  mine.job.first = w->run - over;
  sum_columns(&mine);
  if (two) SM_JOIN();
  int32_t post = w->we + e->a.ae - w->pre - 17 - e->config.fx;
  struct sm_finish finish = {e->x, mine.sums, two ? others.sums : NULL, w->wm, (int32_t)(w->rows + 3u) & ~3, e->a.am, w->pre,
                             (uint32_t)(post < 1 ? 1 : post > 31 ? 31 : post)};
  sm_finish_sums(&finish);
}

static SM_INLINE uint32_t narrow(const struct sm_matrix *w) {
  if (w->tile != 0) return 0;
  return w->format == SM_INT4 ? w->rows <= 8 : w->format == SM_INT8 && w->rows <= 4 && SM_CORES() == 2u;
}

void SM_HOT sm_ffn(struct sm_engine *e, uint32_t index) {
  const struct sm_layer *layer = &e->layers[index];
  uint32_t largest = hidden_vector(e, layer);
  int32_t unit = e->config.family == SM_LLAMA ? 2 * layer->p.fz : layer->p.fz;
  SM_TAP(SM_TAP_FFN, index, e->t, e->config.hidden);
  if (narrow(&layer->w2)) {
    if (largest != 0) narrow_product(e, &layer->w2, largest, unit);
    return;
  }
  sm_quantize(&e->a, e->t, e->config.hidden, largest, unit);
  sm_matvec(&layer->w2, &e->a, e->config.fx, e->y);
  sm_add_all(e->x, e->y, e->config.dim);
}
