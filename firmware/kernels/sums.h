/*
 * Sums of one block of int4 rows and many columns, as a narrow model's second feed-forward matrix has them, not yet requantized:
 * each core can sum half of the columns.
 */
#ifndef SM_SUMS_H
#define SM_SUMS_H

#include <stdint.h>

#include "../engine/port.h"

struct sm_sums {
  int32_t *sums;         /* (8), the results: sums[r] = sum of wq[r][k] * a[k] */
  const uint32_t *words; /* first column */
  const int32_t *a;      /* (columns), |a| <= 127 */
  uint32_t columns;      /* a multiple of 4 */
  int32_t sum;           /* of a, for four rows */
  /* Columns that 16 bits are exact over (sm_matvec_run): in the first run here, and in each that follows; multiples of 4. */
  uint32_t first, run;
};

void sm_sums_int4_portable(const struct sm_sums *job);

/* Their hand-written twins: eight rows; and rows 0..3 of a block whose other rows are padding, which runs do not matter for. */
void sm_sums8_int4_m0(const struct sm_sums *job);
void sm_sums4_int4_m0(const struct sm_sums *job);

/* From sums to the residual: x[r] += the requantized sums[r] + more[r]; its fields are spoilt. */
struct sm_finish {
  int32_t *x;          /* (rows) */
  const int32_t *sums; /* (rows) */
  const int32_t *more; /* (rows), or NULL */
  const uint16_t *wm;  /* (rows) */
  int32_t rows;        /* a multiple of 4 */
  uint32_t am, pre, post;
};
void sm_finish_portable(struct sm_finish *f);
void sm_finish_m0(struct sm_finish *f);

#if SM_KERNELS_M0
#define sm_finish_sums sm_finish_m0
#else
#define sm_finish_sums sm_finish_portable
#endif

#endif
