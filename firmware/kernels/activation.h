/*
 * The feed-forward layer's activations (models/ARITHMETIC.md section 6) with the search for their largest magnitude, which
 * the quantization that follows needs, in the same pass.
 */
#ifndef SM_ACTIVATION_H
#define SM_ACTIVATION_H

#include <stdint.h>

#include "../engine/arith.h"
#include "../engine/port.h"

/*
 * The sigmoid as a table over z in steps of 1/64. sigma's index is rshift(z, fz - 6) + 512, or (z << (6 - fz)) + 512: as
 * one expression ((z << left) + offset) >> right, limited to 0..1023.
 */
struct sm_sigmoid {
  const uint16_t *table; /* (1024) */
  uint32_t left, right;  /* one of them 0; right at most 16 */
  uint32_t offset;
  /* Where the index is first .. first + span, z is within +-32767 and the index within the table; with left = 0 and right < 16. */
  uint32_t first, span;
};

/* For z of fraction fz, -10..37. */
static inline void sm_sigmoid_init(struct sm_sigmoid *s, const uint16_t *table, int32_t fz) {
  s->table = table;
  s->left = fz < 6 ? (uint32_t)(6 - fz) : 0;
  /* Shifts beyond 16 take every z to 512, as 16 does. */
  s->right = fz < 6 ? 0 : fz > 22 ? 16u : (uint32_t)(fz - 6);
  s->offset = (512u << s->right) + sm_half(s->right);
  uint32_t reach = s->right <= 6u ? 512u : s->right >= 15u ? 1u : 1u << (15u - s->right);
  s->first = 513u - reach;
  s->span = reach == 512u ? 1021u : 2u * reach - 2u;
}

/* z: (n), clamped to +-32767 -> t[i] = rshift(z sigma(z), 15). Returns the largest |t|. */
uint32_t sm_silu_portable(int32_t *t, const int32_t *z, uint32_t n, const struct sm_sigmoid *s);

/* z: (n), up: (n), both clamped -> t[i] = rshift(z sigma(z), 15) up. Returns the largest |t|. */
uint32_t sm_swiglu_portable(int32_t *t, const int32_t *z, const int32_t *up, uint32_t n, const struct sm_sigmoid *s);

/* Their hand-written twins, for left = 0 and right at most this; silu for a table of the sigmoid. */
#define SM_ACTIVATION_M0_RIGHT 15u
uint32_t sm_silu_m0(int32_t *t, const int32_t *z, uint32_t n, const struct sm_sigmoid *s);
uint32_t sm_swiglu_m0(int32_t *t, const int32_t *z, const int32_t *up, uint32_t n, const struct sm_sigmoid *s);

#endif
