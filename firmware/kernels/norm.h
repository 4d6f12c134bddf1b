/*
 * The whole norm of models/ARITHMETIC.md section 5 for a few elements, where calls would cost more than the passes.
 */
#ifndef SM_NORM_H
#define SM_NORM_H

#include <stdint.h>

#include "../engine/port.h"
#include "matvec.h"

struct sm_gain {
  const int16_t *g; /* (dim), 4-byte aligned */
  uint16_t c;       /* normC */
  int16_t ce;       /* normCe */
};

/*
 * x: (count) -> a: (count), count = 4 or 8; t: (count) is spoilt, eps is normEps. n is the count for the rms kind, and -count for the layer
 * kind, which takes the mean off. Returns 1; or 0 where the result is zero, which is then left to the caller.
 */
uint32_t sm_norm_few_portable(struct sm_scaled *a, const int32_t *x, const struct sm_gain *gain, int32_t *t, uint32_t eps,
                              int32_t n);
uint32_t sm_norm_few_m0(struct sm_scaled *a, const int32_t *x, const struct sm_gain *gain, int32_t *t, uint32_t eps,
                        int32_t n);

#if SM_KERNELS_M0
#define sm_norm_few sm_norm_few_m0
#else
#define sm_norm_few sm_norm_few_portable
#endif

#endif
