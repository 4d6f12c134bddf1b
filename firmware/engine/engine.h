/*
 * The transformer: one token in, the residual, logits or next token out. Integer only (models/ARITHMETIC.md).
 */
#ifndef SM_ENGINE_H
#define SM_ENGINE_H

#include <stdint.h>

#include "../kernels/matvec.h"
#include "../kernels/norm.h"
#include "error.h"
#include "image.h"
#include "sampler.h"

#define SM_ENGINE_VERSION 1

struct sm_layer {
  struct sm_gain attention_norm, ffn_norm;
  struct sm_matrix wqkv; /* ((heads + 2 kvHeads) * headSize, dim) */
  struct sm_matrix wo;   /* (dim, heads * headSize) */
  struct sm_matrix w13;  /* llama: (2 hidden, dim), gate then up; starmind: (hidden, dim) */
  struct sm_matrix w2;   /* (dim, hidden) */
  struct sm_layer_parameters p;
  uint32_t reach; /* of the cached keys: a quarter of the largest sum of squares, rounded up */
};

/* On a host, whose pointers are longer, all layers are kept. */
#if defined(__arm__)
#define SM_ENGINE_LAYERS SM_KEPT_LAYERS
_Static_assert(sizeof(struct sm_layer) <= SM_LAYER_BYTES, "a bound layer does not fit its room behind the plan");
#else
#define SM_ENGINE_LAYERS SM_MAX_LAYERS
#endif

/* All of the engine's state besides the arena. Opaque to callers but for `logits`, `config` and the pointers a tracer
 * may want. */
struct sm_engine {
  struct sm_config config;
  struct sm_matrix embedding; /* (V, dim) */
  struct sm_matrix output;    /* (V, dim); the embedding when tied */
  struct sm_gain final_norm;
  const uint16_t *sigma;     /* (1024) */
  const uint16_t *exp_table; /* (expEntries) */
  const uint16_t *exp2;      /* (256) */
  const int16_t *rope;       /* (context, headSize / 2, 2), llama only */
  uint8_t *kv;               /* layout: kernels/attention.h */
  int32_t *x;                /* (dim) residual, fraction fx */
  struct sm_scaled a;        /* activation: (pad4(max(dim, hidden, heads * headSize))) */
  int32_t *t;                /* wide buffer, as long as a */
  int32_t *y;                /* matvec output */
  int32_t *scores;           /* (2 pad4(context)) */
  uint32_t reached;          /* positions, from 0, whose keys `reach` knows */
  int32_t *logits;           /* (pad8(V)); the first V are valid after sm_engine_logits */
  struct sm_layer *layers;   /* in kept, or behind the plan */
  struct sm_layer kept[SM_ENGINE_LAYERS];
};

/*
 * Binds a validated image to `arena` (4-byte aligned, image->arena_bytes and sm_image_layer_bytes long): copies the tensors and tables the plan
 * places in SRAM to their offsets and sets every pointer. The image must stay where it is. Returns 0.
 */
int sm_engine_init(struct sm_engine *engine, const struct sm_image *image, void *arena);

/*
 * Runs the layers for `token` at `position`, appending to the KV cache; positions 0 .. position - 1 must have been run
 * (any may be run again). Leaves the residual; computes no logits. Returns 0, SM_ERR_BAD_TOKEN or SM_ERR_BAD_POSITION.
 */
int sm_engine_forward(struct sm_engine *engine, uint32_t token, uint32_t position);

/* Final norm and output matrix over the residual of the last forward, into engine->logits. */
void sm_engine_logits(struct sm_engine *engine);

/* Forward, logits and sampling. Returns the next token (0 .. V - 1), SM_ERR_BAD_TOKEN or SM_ERR_BAD_POSITION. */
int32_t sm_engine_step(struct sm_engine *engine, uint32_t token, uint32_t position, struct sm_sampler *sampler);

#endif
