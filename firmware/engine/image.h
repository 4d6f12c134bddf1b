/*
 * The model image (models/IMAGE.md): validation and access. The image is used in place, from flash.
 */
#ifndef SM_IMAGE_H
#define SM_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define SM_MAX_LAYERS 64
/* Layers whose bound form has room in the engine; more take SM_LAYER_BYTES each behind the plan, and 3 bytes to align. */
#define SM_KEPT_LAYERS 8u
#define SM_LAYER_BYTES 128u
#define SM_MAX_DIM 640
#define SM_MAX_HIDDEN 65536
#define SM_MAX_VOCABULARY 32768
#define SM_MAX_CONTEXT 1024
#define SM_NO_TOKEN 0xffffu
#define SM_NO_ARENA 0xffffffffu
#define SM_HEADER_BYTES 192u

enum sm_family { SM_LLAMA = 1, SM_STARMIND = 2 };
enum sm_format { SM_INT8 = 1, SM_INT4 = 2, SM_INT4G32 = 3, SM_FLOAT = 4, SM_GAIN = 16, SM_FLOAT_GAIN = 17 };
enum sm_tensor_kind {
  SM_EMBEDDING = 1,
  SM_ATTENTION_NORM = 2,
  SM_WQKV = 3,
  SM_WO = 4,
  SM_FFN_NORM = 5,
  SM_W13 = 6,
  SM_W2 = 7,
  SM_FINAL_NORM = 8,
  SM_OUTPUT = 9
};
enum sm_placement { SM_IN_FLASH = 0, SM_IN_SRAM = 1, SM_STREAMED = 2 };
enum sm_table_kind { SM_TABLE_SIGMA = 1, SM_TABLE_EXP = 2, SM_TABLE_EXP2 = 3, SM_TABLE_ROPE = 4 };
enum sm_region_kind {
  SM_REGION_KV = 1,
  SM_REGION_X = 2,
  SM_REGION_A = 3,
  SM_REGION_T = 4,
  SM_REGION_Y = 5,
  SM_REGION_SCORES = 6,
  SM_REGION_LOGITS = 7,
  SM_REGION_RING = 8 /* version 2 */
};

/* What the header says of the model; every field is within the limits of models/IMAGE.md. */
struct sm_config {
  uint32_t vocabulary, dim, hidden, layers, heads, kv_heads, head_size, context;
  uint32_t parameters; /* weights and gains of the float model */
  uint32_t norm_eps;
  uint32_t eps_bits; /* of the float path's epsilon */
  uint16_t bos, eos; /* SM_NO_TOKEN = none */
  uint16_t exp_entries;
  uint8_t family; /* enum sm_family */
  uint8_t tied;   /* 1: the embedding is also the output matrix */
  uint8_t single; /* 1: weights are float (single.h); then the integer constants mean nothing */
  uint8_t fx, fl; /* fractions of the residual and of the logits */
  uint8_t q_max, k_max, v_max;
};

struct sm_image {
  const uint8_t *bytes;
  const char *name; /* zero-terminated UTF-8, at most 31 bytes, inside the image */
  uint32_t version; /* 1 or 2 */
  uint32_t total_bytes;
  uint32_t crc;
  uint32_t arena_bytes; /* SRAM the plan needs */
  struct sm_config config;
  uint32_t tensor_offset, tensor_count;
  uint32_t layer_offset;
  uint32_t table_offset, table_count;
  uint32_t region_offset, region_count;
  uint32_t tokenizer_offset, tokenizer_bytes;
};

/* One tensor of the directory. `scale_*` are 0 for gains and streamed matrices; `norm_*` are 0 for matrices. */
struct sm_tensor {
  uint8_t kind, format, placement, pre;
  uint16_t layer;
  int16_t exponent; /* we or ge */
  uint32_t rows, columns;
  uint32_t data_offset, data_bytes, scale_offset, scale_bytes;
  uint32_t data_arena, scale_arena; /* SM_NO_ARENA when in flash */
  uint16_t norm_c;
  int16_t norm_ce;
  uint16_t tile, run; /* of streamed matrices: blocks of a tile; see struct sm_matrix */
};

struct sm_table {
  uint8_t kind, placement;
  uint32_t offset, bytes, arena;
};

struct sm_region {
  uint32_t arena, bytes;
};

struct sm_layer_parameters {
  int8_t fqkv, fz;
  uint8_t q_shift, k_shift, v_shift, score_shift;
  uint16_t score_mul;
};

/*
 * Checks the image at `bytes` and fills `out`. `bytes` is 4-byte aligned; no byte outside bytes[0..available) is
 * read, whatever they hold. `arena_bytes` is the SRAM the engine may use, `flash_limit` the flash a model may fill.
 * Returns 0, or the first error of models/IMAGE.md that applies (SM_ERR_NO_MODEL .. SM_ERR_TOO_BIG_FOR_FLASH); then
 * `out` means nothing.
 */
int sm_image_open(const uint8_t *bytes, size_t available, uint32_t arena_bytes, uint32_t flash_limit,
                  struct sm_image *out);

/* Directory access; `index` is below the count. sm_image_region takes an enum sm_region_kind that the image has. */
void sm_image_tensor(const struct sm_image *image, uint32_t index, struct sm_tensor *out);
void sm_image_table(const struct sm_image *image, uint32_t index, struct sm_table *out);
void sm_image_region(const struct sm_image *image, enum sm_region_kind kind, struct sm_region *out);
/* Bytes of the arena that are taken behind the plan. */
static inline uint32_t sm_image_layer_bytes(const struct sm_image *image) {
  uint32_t layers = image->config.layers;
  return layers > SM_KEPT_LAYERS ? SM_LAYER_BYTES * layers + 3u : 0u;
}
void sm_image_layer(const struct sm_image *image, uint32_t layer, struct sm_layer_parameters *out);

#endif
