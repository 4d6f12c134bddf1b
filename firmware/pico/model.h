/*
 * The one model of the device: its image in flash, the engine bound to the arena, its tokenizer.
 */
#ifndef SM_MODEL_H
#define SM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../engine/engine.h"
#include "../engine/image.h"
#include "../engine/tokenizer.h"

struct sm_model {
  int error; /* 0, or why there is none */
  struct sm_image image;
  struct sm_engine engine;
  struct sm_tokenizer tokenizer;
  bool streams; /* weights are fetched by DMA while a token is computed */
};

extern struct sm_model sm_model;

/* Validates the image in flash and binds the engine to it. Everything else of sm_model means something only when
 * `error` is 0 afterwards. */
void sm_model_load(void);

uint8_t *sm_model_arena(void);

/* Memory that is free until the next forward pass: the larger of the KV cache and the arena's unused end. 4-byte
 * aligned; its size goes to *bytes. Contents of the KV cache are lost by using it. */
uint8_t *sm_model_scratch(size_t *bytes);

/* Name of the embedding's weight format ("int8"). */
const char *sm_model_format(void);

/* "llama" or "starmind". */
const char *sm_model_family(void);

#endif
