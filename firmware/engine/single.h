/*
 * The float path: the same transformer in IEEE single precision, weights and all. It is there to be compared with the integer
 * engine, in speed and in quality. Every operation is one rounded addition, subtraction, multiplication, division or
 * conversion, in the order of models/reference/single.ts, which gives the same bits.
 */
#ifndef SM_SINGLE_H
#define SM_SINGLE_H

#include "engine.h"

/* The embedding and the layers, as sm_engine_forward does. */
void sm_single_layers(struct sm_engine *e, uint32_t token, uint32_t position);

/* Final norm and output matrix; the logits are rounded to i32 with fraction fl, so that the sampler is the same. */
void sm_single_output(struct sm_engine *e);

#endif
