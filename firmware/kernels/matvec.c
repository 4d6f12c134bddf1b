#include "matvec.h"

#include "../engine/image.h"
#include "requantize.h"

/* Multiply-adds from which on the other core's help is worth its hand-off. */
#define WORTH_SHARING 256u

/* Columns of one block that each core must have for it to be worth adding up sums. */
#define WORTH_COLUMNS 48u

typedef void (*kernel)(const struct sm_matvec *job);

/* Some of a product's blocks, for the kernel that can do them. */
struct part {
  struct sm_matvec job;
  kernel run;
};

static inline kernel kernel_for(uint32_t format, const struct sm_matvec *job) {
#if SM_KERNELS_M0
  if (format == SM_INT8) {
    if (job->columns <= SM_MATVEC_INT8_M0_COLUMNS && job->pre <= SM_MATVEC_INT8_M0_PRE) return sm_matvec_int8_m0;
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
  const struct part *part = argument;
  part->run(&part->job);
}

/* Takes the first half of the blocks off `whole` and gives them to `first`. */
static void SM_HOT halve(const struct sm_matrix *w, struct part *whole, struct part *first) {
  uint32_t blocks = whole->job.blocks >> 1, lanes = sm_block_rows(w->format);
  uint32_t words = sm_block_words(w->format, w->columns);
  *first = *whole;
  first->job.blocks = blocks;
  whole->job.blocks -= blocks;
  whole->job.words += blocks * words;
  whole->job.wm += blocks * lanes;
  whole->job.y += blocks * lanes;
}

/*
 * One block of rows on two cores: each sums half of the columns, which the kernel leaves as they are for a scale of 2 and one
 * bit to drop, and the sums are requantized here. In runs of 32 an int4 product is exact whatever the weights.
 */
static void SM_HOT share_columns(const struct sm_matrix *w, const struct sm_scaled *a, const struct part *whole) {
  uint16_t unit[8];
  int32_t sums[2][8];
  uint32_t lanes = sm_block_rows(w->format);
  for (uint32_t i = 0; i < 8; i++) unit[i] = 1u << 15;
  struct part first = *whole;
  first.job.wm = unit;
  first.job.am = 8;
  first.job.pre = 0;
  first.job.post = 1;
  first.job.run = 32;
  struct part second = first;
  first.job.y = sums[0];
  first.job.columns = a->half;
  first.job.sum = a->half_sum;
  second.job.y = sums[1];
  second.job.columns -= a->half;
  second.job.sum -= a->half_sum;
  second.job.words += a->half;
  second.job.a += a->half;
  SM_PARALLEL(run_part, &second);
  first.run(&first.job);
  SM_JOIN();
  struct sm_requantizer q;
  sm_requantizer_init(&q, whole->job.am, whole->job.pre, whole->job.post);
  for (uint32_t i = 0; i < lanes; i++) {
    whole->job.y[i] = sm_requantize(&q, (uint32_t)sums[0][i] + (uint32_t)sums[1][i], whole->job.wm[i]);
  }
}

const void *sm_matvec_kernel(const struct sm_matrix *w) {
  struct sm_matvec job = {0};
  job.columns = (w->columns + 3u) & ~3u;
  job.pre = w->pre;
  job.run = w->run;
  return (const void *)(uintptr_t)kernel_for(w->format, &job);
}

void SM_HOT sm_matvec(const struct sm_matrix *w, const struct sm_scaled *a, int32_t fy, int32_t *y) {
  struct part part;
  int32_t post = w->we + a->ae - w->pre - 17 - fy;
  part.job.words = w->words;
  part.job.wm = w->wm;
  part.job.a = a->a;
  part.job.y = y;
  part.job.columns = (w->columns + 3u) & ~3u;
  part.job.sum = a->sum;
  part.job.am = a->am;
  part.job.pre = w->pre;
  part.job.post = (uint32_t)(post < 1 ? 1 : post > 31 ? 31 : post);
  part.job.run = w->run;
  part.job.blocks = w->format == SM_INT8 ? (w->rows + 3u) >> 2 : (w->rows + 7u) >> 3;
  part.run = kernel_for(w->format, &part.job);
  if (w->tile != 0) {
    sm_matvec_tiles(w, &part.job, part.run);
  } else if (SM_CORES() == 2u && part.job.blocks == 1 && w->columns >= 2u * WORTH_COLUMNS && a->half != 0 &&
             w->format != SM_INT4G32) {
    share_columns(w, a, &part);
  } else if (SM_CORES() == 2u && part.job.blocks > 1 && w->rows * w->columns >= WORTH_SHARING) {
    struct part first;
    halve(w, &part, &first);
    SM_PARALLEL(run_part, &first);
    part.run(&part.job);
    SM_JOIN();
  } else {
    part.run(&part.job);
  }
}
