/*
 * The image's envelope and header. What lies behind the directories is checked in image_sections.c.
 */
#include "image.h"

#include "bytes.h"
#include "crc32.h"
#include "image_sections.h"
#include "utf8.h"

static int check_envelope(const uint8_t *bytes, size_t available, struct sm_image *image) {
  if (bytes == NULL || available < 4 || sm_u32(bytes) != 0x31504d53u) return SM_ERR_NO_MODEL;
  if (available >= 6 && (sm_u16(bytes + 4) < 1 || sm_u16(bytes + 4) > 2)) return SM_ERR_BAD_VERSION;
  if (available < SM_HEADER_BYTES) return SM_ERR_TRUNCATED;
  uint32_t total = sm_u32(bytes + 8);
  if (total > available) return SM_ERR_TRUNCATED;
  if (sm_u16(bytes + 6) != SM_HEADER_BYTES || total < SM_HEADER_BYTES || total % 16u != 0) {
    return SM_ERR_BAD_LENGTH;
  }
  image->bytes = bytes;
  image->version = sm_u16(bytes + 4);
  image->total_bytes = total;
  image->crc = sm_u32(bytes + 12);
  return sm_crc32(0, bytes + 16, total - 16u) == image->crc ? SM_OK : SM_ERR_BAD_CRC;
}

static int all_zero(const uint8_t *p, uint32_t count) {
  while (count > 0 && *p == 0) p++, count--;
  return count == 0;
}

/* 32 bytes: UTF-8, then zeros, at least one. */
static int name_is_good(const uint8_t *name) {
  uint32_t length = 0;
  while (length < 32 && name[length] != 0) length++;
  if (!all_zero(name + length, 32 - length) || length == 32) return 0;
  for (uint32_t i = 0; i < length;) {
    size_t step = sm_utf8_length(name + i, length - i);
    if (step == 0) return 0;
    i += (uint32_t)step;
  }
  return 1;
}

static int within(uint32_t value, uint32_t low, uint32_t high) {
  return value >= low && value <= high;
}

static int shape_is_good(const struct sm_config *c) {
  if (!within(c->vocabulary, 1, SM_MAX_VOCABULARY) || !within(c->dim, 1, SM_MAX_DIM)) return 0;
  if (!within(c->hidden, 1, SM_MAX_HIDDEN) || !within(c->layers, 1, SM_MAX_LAYERS)) return 0;
  if (!within(c->context, 1, SM_MAX_CONTEXT)) return 0;
  /* Each factor is bounded before it is multiplied. */
  if (!within(c->heads, 1, SM_MAX_DIM) || !within(c->head_size, 1, SM_MAX_DIM)) return 0;
  if (c->heads * c->head_size > SM_MAX_DIM) return 0;
  if (!within(c->kv_heads, 1, c->heads) || c->heads % c->kv_heads != 0) return 0;
  return c->family != SM_LLAMA || c->head_size % 2u == 0;
}

static int token_is_good(uint16_t token, uint32_t vocabulary) {
  return token == SM_NO_TOKEN || token < vocabulary;
}

static int check_config(struct sm_image *image) {
  const uint8_t *h = image->bytes;
  struct sm_config *c = &image->config;

  image->name = (const char *)(h + 16);
  c->family = h[48];
  c->tied = h[49] & 1u;
  c->single = h[49] >> 1 & 1u;
  c->eps_bits = sm_u32(h + 180);
  c->vocabulary = sm_u32(h + 52);
  c->dim = sm_u32(h + 56);
  c->hidden = sm_u32(h + 60);
  c->layers = sm_u32(h + 64);
  c->heads = sm_u32(h + 68);
  c->kv_heads = sm_u32(h + 72);
  c->head_size = sm_u32(h + 76);
  c->context = sm_u32(h + 80);
  c->parameters = sm_u32(h + 84);
  c->fx = h[88];
  c->fl = h[89];
  c->q_max = h[90];
  c->k_max = h[91];
  c->v_max = h[92];
  c->norm_eps = sm_u32(h + 96);
  c->bos = sm_u16(h + 100);
  c->eos = sm_u16(h + 102);
  c->exp_entries = sm_u16(h + 104);
  image->arena_bytes = sm_u32(h + 108);

  int good = name_is_good(h + 16) && within(c->family, SM_LLAMA, SM_STARMIND) && h[49] <= (image->version > 1u ? 3 : 1) &&
             sm_u16(h + 50) == 0 && shape_is_good(c) && within(c->fx, 4, 20) && within(c->fl, 8, 16) &&
             within(c->q_max, 1, 127) && within(c->k_max, 1, 127) && within(c->v_max, 1, 127) &&
             all_zero(h + 93, 3) && c->norm_eps < 1u << 26 && token_is_good(c->bos, c->vocabulary) &&
             token_is_good(c->eos, c->vocabulary) && within(c->exp_entries, 2, 1024) &&
             all_zero(h + 106, 2) && (c->single || c->eps_bits == 0) && all_zero(h + 184, 8);
  return good ? SM_OK : SM_ERR_BAD_CONFIG;
}

int sm_image_open(const uint8_t *bytes, size_t available, uint32_t arena_bytes, uint32_t flash_limit,
                  struct sm_image *out) {
  int error = check_envelope(bytes, available, out);
  if (error == SM_OK) error = check_config(out);
  if (error == SM_OK) error = sm_check_sections(out);
  if (error != SM_OK) return error;
  if (out->arena_bytes > arena_bytes || arena_bytes - out->arena_bytes < sm_image_layer_bytes(out)) {
    return SM_ERR_TOO_BIG_FOR_SRAM;
  }
  if (out->total_bytes > flash_limit) return SM_ERR_TOO_BIG_FOR_FLASH;
  return SM_OK;
}

void sm_image_tensor(const struct sm_image *image, uint32_t index, struct sm_tensor *out) {
  const uint8_t *e = image->bytes + image->tensor_offset + 48u * index;
  out->kind = e[0];
  out->format = e[1];
  out->placement = e[2];
  out->pre = e[3];
  out->layer = sm_u16(e + 4);
  out->exponent = sm_i16(e + 6);
  out->rows = sm_u32(e + 8);
  out->columns = sm_u32(e + 12);
  out->data_offset = sm_u32(e + 16);
  out->data_bytes = sm_u32(e + 20);
  out->scale_offset = sm_u32(e + 24);
  out->scale_bytes = sm_u32(e + 28);
  out->data_arena = sm_u32(e + 32);
  out->scale_arena = sm_u32(e + 36);
  out->norm_c = sm_u16(e + 40);
  out->norm_ce = sm_i16(e + 42);
  out->tile = sm_u16(e + 44);
  out->run = sm_u16(e + 46);
}

void sm_image_table(const struct sm_image *image, uint32_t index, struct sm_table *out) {
  const uint8_t *e = image->bytes + image->table_offset + 16u * index;
  out->kind = e[0];
  out->placement = e[1];
  out->offset = sm_u32(e + 4);
  out->bytes = sm_u32(e + 8);
  out->arena = sm_u32(e + 12);
}

void sm_image_region(const struct sm_image *image, enum sm_region_kind kind, struct sm_region *out) {
  const uint8_t *e = image->bytes + image->region_offset + 12u * ((uint32_t)kind - 1u);
  out->arena = sm_u32(e + 4);
  out->bytes = sm_u32(e + 8);
}

void sm_image_layer(const struct sm_image *image, uint32_t layer, struct sm_layer_parameters *out) {
  const uint8_t *e = image->bytes + image->layer_offset + 16u * layer;
  out->fqkv = (int8_t)e[0];
  out->q_shift = e[1];
  out->k_shift = e[2];
  out->v_shift = e[3];
  out->score_mul = sm_u16(e + 4);
  out->score_shift = e[6];
  out->fz = (int8_t)e[7];
}
