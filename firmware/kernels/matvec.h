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
  uint16_t run;  /* columns that an int4 kernel may sum in 16 bits; see sm_matvec_run */
  uint16_t tile; /* blocks of a tile; 0: not in tiles. Then words is the first tile, and wm none (tiles.c) */
  int16_t we;
  uint8_t pre;
  uint8_t format; /* enum sm_format */
};

/* Rows of a block. */
static inline uint32_t sm_block_rows(uint32_t format) { return format == 1u ? 4u : 8u; }

/* Words of weights of a block, group scales included. */
static inline uint32_t sm_block_words(uint32_t format, uint32_t columns) {
  return format == 3u ? 36u * ((columns + 31u) >> 5) : (columns + 3u) & ~3u;
}

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
  uint32_t run;  /* int4 only */
};

/* A product, or some of its blocks, and the kernel that can do it. */
struct sm_product {
  struct sm_matvec job;
  void (*run)(const struct sm_matvec *job);
};

/* W a -> y as sm_matvec has it, for a matrix that is not in tiles. */
void sm_product_init(struct sm_product *product, const struct sm_matrix *w, const struct sm_scaled *a, int32_t fy, int32_t *y);

/* Takes the first half of the blocks, at least two, off `whole` and gives them to `first`. */
void sm_product_halve(const struct sm_matrix *w, struct sm_product *whole, struct sm_product *first);

/* W (rows, columns) @ a (columns,) -> y (rows padded to the block,), fraction fy. */
void sm_matvec(const struct sm_matrix *w, const struct sm_scaled *a, int32_t fy, int32_t *y);

/* The same for a matrix in tiles, with the kernel for it. whole: the job of all blocks, words at the first tile. */
void sm_matvec_tiles(const struct sm_matrix *w, const struct sm_matvec *whole,
                     void (*run)(const struct sm_matvec *job));

/* The kernel that computes products of this matrix. */
const void *sm_matvec_kernel(const struct sm_matrix *w);

/* The portable kernels, one per format: exact for any number of columns. */
void sm_matvec_int8_portable(const struct sm_matvec *job);
void sm_matvec_int4_portable(const struct sm_matvec *job);
void sm_matvec_int4g32_portable(const struct sm_matvec *job);

/* Their hand-written twins, and the bounds within which they give the same bits. */
#define SM_MATVEC_INT8_M0_COLUMNS 512u
#define SM_MATVEC_INT8_M0_PRE 8u
#define SM_MATVEC_INT4_M0_COLUMNS 1024u
void sm_matvec_int8_m0(const struct sm_matvec *job);
void sm_matvec_int4_m0(const struct sm_matvec *job);
void sm_matvec_int4g32_m0(const struct sm_matvec *job);
void sm_matvec_few_m0(const struct sm_matvec *job); /* int4; columns = 4 or 8, pre = 0 */

/*
 * The longest run of columns, equal but for the last, that two-lane sums are exact in, whatever the activations: every
 * row has sum |wq| <= 258 in each run. At least 32 (or all columns), 65,532 at most; 32 for int4g32. Reads every weight, so
 * it is done once, when the model is bound.
 */
uint32_t sm_matvec_run(const struct sm_matrix *w);

#endif
