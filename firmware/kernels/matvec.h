/*
 * y = W a for the weight formats of models/IMAGE.md, bit-exact with models/ARITHMETIC.md sections 2 and 3.
 */
#ifndef SM_MATVEC_H
#define SM_MATVEC_H

#include <stdint.h>

#include "../engine/port.h"

/* A weight matrix, wherever it lies. Rows are padded to 4 (int8) or 8 (int4) and columns to 4 (int4g32: 32). */
struct sm_matrix {
  const uint32_t *words; /* column-broadcast blocks of 4 or 8 rows */
  const uint16_t *wm;    /* (padded rows) */
  uint32_t rows, columns;
  int16_t we;
  uint8_t pre;
  uint8_t format; /* enum sm_format */
};

/* A scaled vector: a[i] * am * 2^-ae, |a[i]| <= 127, one i32 per element, zero from n to the next multiple of 4. */
struct sm_scaled {
  int32_t *a;
  uint32_t am; /* 0, or 2^15 .. 2^16 - 1 */
  int32_t ae;
  int32_t sum; /* of all a[i] */
};

/*
 * What a kernel needs for a run of row blocks. The accumulator's bias (128 or 8 per weight) is taken out through the
 * sum of a. All arithmetic wraps modulo 2^32.
 */
struct sm_matvec {
  const uint32_t *words; /* first block */
  const uint16_t *wm;    /* first row's scale */
  const int32_t *a;
  int32_t *y;       /* whole blocks are written, padding rows too */
  uint32_t blocks;  /* of 4 rows (int8) or 8 rows (int4, int4g32) */
  uint32_t columns; /* padded to 4 */
  int32_t sum;      /* of a */
  uint32_t am;
  uint32_t pre;  /* 0..31 */
  uint32_t post; /* 1..31 */
};

/* W (rows, columns) @ a (columns,) -> y (rows padded to the block,), fraction fy. */
void sm_matvec(const struct sm_matrix *w, const struct sm_scaled *a, int32_t fy, int32_t *y);

/* The portable kernels, one per format: exact for any number of columns. */
void sm_matvec_int8_portable(const struct sm_matvec *job);
void sm_matvec_int4_portable(const struct sm_matvec *job);
void sm_matvec_int4g32_portable(const struct sm_matvec *job);

/* Their hand-written twins, and the bounds within which they give the same bits. */
#define SM_MATVEC_INT8_M0_COLUMNS 512u
#define SM_MATVEC_INT8_M0_PRE 8u
void sm_matvec_int8_m0(const struct sm_matvec *job);

#endif
