/*
 * From a matvec's output to the 8-bit queries, keys and values (models/ARITHMETIC.md section 6, phase rope).
 */
#ifndef SM_ROPE_H
#define SM_ROPE_H

#include <stdint.h>

#include "../engine/port.h"

/* What turns a value into 8 bits. */
struct sm_narrow {
  uint32_t shift; /* 0..31 */
  int32_t most;   /* 1..127 */
};

/* y: (heads, 2 pairs) in place, at least one head, clamped to +-32767, each head's pairs turned by their (cosine, sine) of `row`:
 * i16 (pairs, 2), then narrowed. */
void sm_rotate_portable(int32_t *y, uint32_t heads, uint32_t pairs, const int16_t *row, const struct sm_narrow *to);

/* y: (n) in place, clamped to +-32767, narrowed. */
void sm_narrow_portable(int32_t *y, uint32_t n, const struct sm_narrow *to);

/* Keys and values of one position, on their way to the cache (kernels/attention.h). */
struct sm_store {
  const int32_t *k, *v;   /* (heads, size) each; k narrowed, v as the matvec left it */
  uint8_t *keys, *values; /* the position's place in the first head's part */
  uint32_t heads, size;
  uint32_t step; /* from one head's part to the next */
  struct sm_narrow narrow; /* of v */
};

/* Returns the largest of the heads' sums of squares of k. */
uint32_t sm_store_portable(const struct sm_store *s);

/* Their hand-written twins; the last one for even sizes. */
void sm_rotate_m0(int32_t *y, uint32_t heads, uint32_t pairs, const int16_t *row, const struct sm_narrow *to);
void sm_narrow_m0(int32_t *y, uint32_t n, const struct sm_narrow *to);
uint32_t sm_store_m0(const struct sm_store *s);

#if SM_KERNELS_M0
#define sm_rotate sm_rotate_m0
#define sm_narrow_all sm_narrow_m0
#else
#define sm_rotate sm_rotate_portable
#define sm_narrow_all sm_narrow_portable
#endif

#endif
