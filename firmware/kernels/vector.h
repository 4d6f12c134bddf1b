/*
 * Element-wise passes of quantization and norms (models/ARITHMETIC.md sections 4 and 5).
 */
#ifndef SM_VECTOR_H
#define SM_VECTOR_H

#include <stdint.h>

#include "../engine/port.h"

/* out[i] = ((t[i] >> shift) * inverse + (1 << (down - 1))) >> down for n elements, a multiple of 4. Returns their sum. */
int32_t sm_scale_portable(int32_t *out, const int32_t *t, uint32_t n, uint32_t shift, uint32_t inverse,
                          uint32_t down);

/*
 * u[i] = x[i] >> shift, or << -shift; t[i] = rshift(u[i] * g[i], 15); x and t may be the same. |u| <= 2^15, |g| <= 32767, g
 * at a multiple of 4.
 * Returns the sum of rshift(u[i], 4)^2 and, in *largest, the largest |t|.
 */
uint32_t sm_gain_portable(int32_t *t, const int32_t *x, const int16_t *g, uint32_t n, int32_t shift,
                          uint32_t *largest);

/* Largest magnitude of t: (n). */
uint32_t sm_largest_portable(const int32_t *t, uint32_t n);

/* Index of the largest, the first of equals, n >= 1. */
uint32_t sm_argmax_portable(const int32_t *values, uint32_t n);

/* x[i] += y[i], modulo 2^32. */
void sm_add_portable(int32_t *x, const int32_t *y, uint32_t n);

/* Their hand-written twins. */
int32_t sm_scale_m0(int32_t *out, const int32_t *t, uint32_t n, uint32_t shift, uint32_t inverse, uint32_t down);
void sm_scale_plain_m0(int32_t *out, const int32_t *t, uint32_t n, uint32_t inverse, uint32_t down); /* shift 0, no sum */
uint32_t sm_gain_m0(int32_t *t, const int32_t *x, const int16_t *g, uint32_t n, int32_t shift, uint32_t *largest);
uint32_t sm_largest_m0(const int32_t *t, uint32_t n);
uint32_t sm_argmax_m0(const int32_t *values, uint32_t n);
void sm_add_m0(int32_t *x, const int32_t *y, uint32_t n);

#if SM_KERNELS_M0
#define sm_scale sm_scale_m0
#define sm_gain_norm sm_gain_m0
#define sm_largest sm_largest_m0
#define sm_first_largest sm_argmax_m0
#define sm_add_all sm_add_m0
#else
#define sm_scale sm_scale_portable
#define sm_gain_norm sm_gain_portable
#define sm_largest sm_largest_portable
#define sm_first_largest sm_argmax_portable
#define sm_add_all sm_add_portable
#endif

#endif
