#include "model.h"

#include "board.h"
#include "pico.h"
#include "stream.h"

struct sm_model sm_model;

static uint8_t __uninitialized_ram(arena)[SM_ARENA_BYTES] __attribute__((aligned(16)));

uint8_t *sm_model_arena(void) { return arena; }

/* Without it, streamed matrices are read through the flash cache. */
static void open_stream(void) {
  sm_model.streams = false;
  if (sm_model.image.version > 1) {
    struct sm_region ring;
    sm_image_region(&sm_model.image, SM_REGION_RING, &ring);
    sm_model.streams = sm_stream_open(&sm_model.engine, arena + ring.arena, ring.bytes);
  }
}

void sm_model_load(void) {
  sm_model.error = sm_image_open((const uint8_t *)SM_MODEL_ADDRESS, SM_MODEL_FLASH_LIMIT, SM_ARENA_BYTES,
                                 SM_MODEL_FLASH_LIMIT, &sm_model.image);
  if (sm_model.error == 0) {
    sm_model.error = sm_engine_init(&sm_model.engine, &sm_model.image, arena);
  }
  if (sm_model.error == 0) {
    sm_tokenizer_init(&sm_model.tokenizer, &sm_model.image);
    open_stream();
  }
}

uint8_t *sm_model_scratch(size_t *bytes) {
  struct sm_region kv;
  sm_image_region(&sm_model.image, SM_REGION_KV, &kv);
  uint32_t tail = (sm_model.image.arena_bytes + sm_image_layer_bytes(&sm_model.image) + 3u) & ~3u;
  bool use_tail = SM_ARENA_BYTES - tail > kv.bytes;
  *bytes = use_tail ? SM_ARENA_BYTES - tail : kv.bytes;
  return arena + (use_tail ? tail : kv.arena);
}

const char *sm_model_format(void) {
  struct sm_tensor embedding;
  sm_image_tensor(&sm_model.image, 0, &embedding);
  switch (embedding.format) {
    case SM_INT8:
      return "int8";
    case SM_INT4:
      return "int4";
    case SM_FLOAT:
      return "float";
    default:
      return "int4g32";
  }
}

const char *sm_model_family(void) { return sm_model.image.config.family == SM_LLAMA ? "llama" : "starmind"; }
