#include "matvec.h"

#include "../engine/arith.h"
#include "../engine/image.h"

/* Multiply-adds from which on the other core's help is worth its hand-off. */
#define WORTH_SHARING 128u

typedef void (*kernel)(const struct sm_matvec *job);

static inline kernel kernel_for(uint32_t format, const struct sm_matvec *job) {
#if SM_KERNELS_M0
  if (format == SM_INT8) {
    if (job->columns <= SM_MATVEC_INT8_M0_COLUMNS && job->pre <= SM_MATVEC_INT8_M0_PRE) return sm_matvec_int8_m0;
  } else if (format == SM_INT4 && (job->columns == 4u || job->columns == 8u) && job->pre == 0) {
    return sm_matvec_few_m0;
  } else if (job->columns <= SM_MATVEC_INT4_M0_COLUMNS) {
    return format == SM_INT4 ? sm_matvec_int4_m0 : sm_matvec_int4g32_m0;
  }
#else
  (void)job;
#endif
  return format == SM_INT8   ? sm_matvec_int8_portable
         : format == SM_INT4 ? sm_matvec_int4_portable
                             : sm_matvec_int4g32_portable;
}

static void SM_HOT run_part(void *argument) {
  const struct sm_product *part = argument;
  part->run(&part->job);
}

void SM_HOT sm_product_halve(const struct sm_matrix *w, struct sm_product *whole, struct sm_product *first) {
  uint32_t blocks = whole->job.blocks >> 1, rows = blocks * sm_block_rows(w->format);
  *first = *whole;
  first->job.blocks = blocks;
  whole->job.blocks -= blocks;
  whole->job.words += blocks * sm_block_words(w->format, w->columns);
  whole->job.wm += rows;
  whole->job.y += rows;
}

const void *sm_matvec_kernel(const struct sm_matrix *w) {
  struct sm_matvec job = {0};
  job.columns = (w->columns + 3u) & ~3u;
  job.pre = w->pre;
  job.run = w->run;
  return (const void *)(uintptr_t)kernel_for(w->format, &job);
}

/* In line where a product is all there is to do. */
static SM_INLINE void init(struct sm_product *product, const struct sm_matrix *w, const struct sm_scaled *a, int32_t fy,
                           int32_t *y) {
  struct sm_matvec *job = &product->job;
  int32_t post = w->we + a->ae - w->pre - 17 - fy;
  job->words = w->words;
  job->wm = w->wm;
  job->a = a->a;
  job->y = y;
  job->columns = (w->columns + 3u) & ~3u;
  job->sum = a->sum;
  job->am = a->am;
  job->pre = w->pre;
  job->post = (uint32_t)(post < 1 ? 1 : post > 31 ? 31 : post);
  job->run = w->run;
  job->blocks = w->format == SM_INT8 ? (w->rows + 3u) >> 2 : (w->rows + 7u) >> 3;
  product->run = kernel_for(w->format, job);
}

void SM_HOT sm_product_init(struct sm_product *product, const struct sm_matrix *w, const struct sm_scaled *a, int32_t fy,
                            int32_t *y) {
  init(product, w, a, fy, y);
}

void SM_HOT sm_matvec(const struct sm_matrix *w, const struct sm_scaled *a, int32_t fy, int32_t *y) {
  struct sm_product product;
  init(&product, w, a, fy, y);
  if (w->tile != 0) {
    sm_matvec_tiles(w, &product.job, product.run);
  } else if (SM_CORES() == 2u && product.job.blocks > 1 && w->rows * w->columns >= WORTH_SHARING) {
    struct sm_product first;
    sm_product_halve(w, &product, &first);
    SM_PARALLEL(run_part, &first);
    product.run(&product.job);
    SM_JOIN();
  } else {
    product.run(&product.job);
  }
}
