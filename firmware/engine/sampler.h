/*
 * From logits to a token (models/ARITHMETIC.md section 7).
 */
#ifndef SM_SAMPLER_H
#define SM_SAMPLER_H

#include <stdint.h>

#include "error.h"

#define SM_TEMPERATURE_MIN 655u     /* 0.01 in Q16 */
#define SM_TEMPERATURE_MAX 6553600u /* 100 in Q16 */
#define SM_TOP_P_OFF 65536u

struct sm_sampler {
  uint32_t temperature; /* Q16; 0 = greedy */
  uint32_t top_k;       /* 0 = off */
  uint32_t top_p;       /* Q16; 65536 and above = off */
  uint32_t state[4];    /* xoshiro128++ */
};

/* Sets the request and seeds the generator. Returns 0, or SM_ERR_BAD_ARGUMENT for a temperature or top_p (0) outside
 * its range. */
int sm_sampler_init(struct sm_sampler *sampler, uint32_t temperature, uint32_t top_k, uint32_t top_p,
                    uint32_t seed);

/* logits: (vocabulary), fraction `fl`; exp2_table: u16 (256). Advances the generator once unless greedy; the logits
 * stay as they are. Returns the token. */
uint32_t sm_sample(struct sm_sampler *sampler, const int32_t *logits, uint32_t vocabulary, uint32_t fl,
                   const uint16_t *exp2_table);

/* The first token of the order: largest logit, smallest id among equals. */
uint32_t sm_argmax(const int32_t *logits, uint32_t vocabulary);

/* Next word of xoshiro128++. */
uint32_t sm_sampler_next(uint32_t state[4]);

#endif
