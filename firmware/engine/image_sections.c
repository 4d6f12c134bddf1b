/*
 * Checks of everything an image's directories point to. The order of the checks, and what each error covers, is that
 * of models/IMAGE.md; the TypeScript validator must find the same error name for any bytes.
 */
#include "image_sections.h"

#include "bytes.h"

/* A section that lies in the file: after the header, aligned, and whole. */
static int in_file(const struct sm_image *image, uint32_t offset, uint32_t bytes) {
  return offset >= SM_HEADER_BYTES && offset % 16u == 0 && offset <= image->total_bytes &&
         bytes <= image->total_bytes - offset;
}

/* In flash (0) without an arena offset, or in SRAM (1) aligned and within the plan. */
static int placed(const struct sm_image *image, uint8_t placement, uint32_t arena, uint32_t bytes) {
  if (placement == 0) return arena == SM_NO_ARENA;
  return placement == 1 && arena % 4u == 0 && arena <= image->arena_bytes && bytes <= image->arena_bytes - arena;
}

static int is_exponent(int32_t e) {
  return e >= -64 && e <= 64;
}

static int layer_is_good(const struct sm_image *image, uint32_t layer) {
  const struct sm_config *c = &image->config;
  const uint8_t *e = image->bytes + image->layer_offset + 16u * layer;
  struct sm_layer_parameters p;
  sm_image_layer(image, layer, &p);

  /* Rope shifts by 14 more, the sigmoid's index by fz - 6 or 6 - fz, and no shift may pass 31 or lose bits to the left. */
  uint32_t most = c->family == SM_LLAMA ? 17u : 31u;
  if (p.q_shift > most || p.k_shift > most || p.v_shift > 31) return 0;
  if (p.score_shift < 1 || p.score_shift > 31 || !is_exponent(p.fqkv)) return 0;
  if (p.fz < -10 || p.fz > 37) return 0;
  if (sm_u32(e + 8) != 0 || sm_u32(e + 12) != 0) return 0;

  /* 2 * headSize * qMax * kMax * scoreMul + 2^(scoreShift - 1) < 2^32; the first product is below 2^25. */
  uint32_t span = 2u * c->head_size * c->q_max * c->k_max;
  uint32_t room = 0xffffffffu - (1u << (p.score_shift - 1u));
  return p.score_mul == 0 || span <= room / p.score_mul;
}

static int check_directories(struct sm_image *image) {
  const uint8_t *h = image->bytes;
  const struct sm_config *c = &image->config;
  image->tensor_offset = sm_u32(h + 112);
  image->tensor_count = sm_u32(h + 116);
  image->layer_offset = sm_u32(h + 120);
  image->table_offset = sm_u32(h + 124);
  image->table_count = sm_u32(h + 128);
  image->region_offset = sm_u32(h + 132);
  image->region_count = sm_u32(h + 136);
  image->tokenizer_offset = sm_u32(h + 140);
  image->tokenizer_bytes = sm_u32(h + 144);

  uint32_t tensors = 2u + 6u * c->layers + (c->tied ? 0u : 1u);
  uint32_t tables = c->family == SM_LLAMA ? 4u : 3u;
  uint32_t regions = image->version == 1u ? 7u : 8u;
  if (image->tensor_count != tensors || image->table_count != tables || image->region_count != regions) {
    return SM_ERR_BAD_DIRECTORY;
  }
  if (!in_file(image, image->tensor_offset, 48u * tensors) || !in_file(image, image->layer_offset, 16u * c->layers) ||
      !in_file(image, image->table_offset, 16u * tables) ||
      !in_file(image, image->region_offset, 12u * regions) ||
      !in_file(image, image->tokenizer_offset, image->tokenizer_bytes)) {
    return SM_ERR_BAD_DIRECTORY;
  }
  for (uint32_t i = 0; i < c->layers; i++) {
    if (!layer_is_good(image, i)) return SM_ERR_BAD_DIRECTORY;
  }
  return SM_OK;
}

/* Which tensor must stand at `index` of the directory. */
static void expected_tensor(const struct sm_config *c, uint32_t index, struct sm_tensor *out) {
  uint32_t in_layers = 6u * c->layers;
  if (index == 0) {
    out->kind = SM_EMBEDDING;
  } else if (index <= in_layers) {
    out->kind = (uint8_t)(SM_ATTENTION_NORM + (index - 1u) % 6u);
  } else {
    out->kind = index == in_layers + 1u ? SM_FINAL_NORM : SM_OUTPUT;
  }
  int per_layer = index >= 1 && index <= in_layers;
  out->layer = per_layer ? (uint16_t)((index - 1u) / 6u) : 0xffffu;

  uint32_t attention = c->heads * c->head_size;
  out->rows = c->dim;
  out->columns = c->dim;
  switch (out->kind) {
    case SM_EMBEDDING:
    case SM_OUTPUT:
      out->rows = c->vocabulary;
      break;
    case SM_WQKV:
      out->rows = attention + 2u * c->kv_heads * c->head_size;
      break;
    case SM_WO:
      out->columns = attention;
      break;
    case SM_W13:
      out->rows = c->family == SM_LLAMA ? 2u * c->hidden : c->hidden;
      break;
    case SM_W2:
      out->columns = c->hidden;
      break;
    default:
      out->rows = 1; /* the norms */
      break;
  }
}

static int gain_is_good(const struct sm_image *image, const struct sm_tensor *t) {
  if (t->format != SM_GAIN || t->pre != 0 || t->norm_c < 0x8000u || !is_exponent(t->norm_ce)) return 0;
  if (t->data_bytes != 2u * t->columns || !in_file(image, t->data_offset, t->data_bytes)) return 0;
  if (t->scale_offset != 0 || t->scale_bytes != 0 || t->scale_arena != SM_NO_ARENA) return 0;
  for (uint32_t i = 0; i < t->columns; i++) {
    if (sm_i16(image->bytes + t->data_offset + 2u * i) == -32768) return 0;
  }
  return 1;
}

/* Bytes of a matrix whose rows (at most 2^17) and columns (at most 2^16) are within the configuration's limits; one of
 * the two is at most 640, so nothing here passes 2^28. */
static uint32_t matrix_bytes(const struct sm_tensor *t) {
  if (t->format == SM_INT8) return sm_pad(t->rows, 4) * sm_pad(t->columns, 4);
  uint32_t blocks = sm_pad(t->rows, 8) / 8u;
  if (t->format == SM_INT4) return blocks * 4u * sm_pad(t->columns, 4);
  return blocks * (4u * sm_pad(t->columns, 32) + 16u * (sm_pad(t->columns, 32) / 32u));
}

static int matrix_is_good(const struct sm_image *image, const struct sm_tensor *t) {
  if (t->format < SM_INT8 || t->format > SM_INT4G32 || t->pre > 31) return 0;
  if (t->norm_c != 0 || t->norm_ce != 0) return 0;
  uint32_t lanes = t->format == SM_INT8 ? 4u : 8u, scales = 2u * sm_pad(t->rows, lanes);
  int streamed = image->version > 1u && t->placement == SM_STREAMED;
  if (t->data_bytes != matrix_bytes(t) + (streamed ? scales : 0u) || !in_file(image, t->data_offset, t->data_bytes)) return 0;
  if (!streamed && (t->scale_bytes != scales || !in_file(image, t->scale_offset, t->scale_bytes))) return 0;
  if (t->kind == SM_EMBEDDING) {
    int32_t shift = t->exponent - image->config.fx;
    if (shift < 0 || shift > 31) return 0;
  }
  return streamed || placed(image, t->placement, t->scale_arena, t->scale_bytes);
}

/* A matrix or gain of the float path: its values and nothing else. */
static int float_is_good(const struct sm_image *image, const struct sm_tensor *t, int is_gain) {
  if (t->format != (is_gain ? SM_FLOAT_GAIN : SM_FLOAT) || t->pre != 0 || t->exponent != 0) return 0;
  if (t->norm_c != 0 || t->norm_ce != 0) return 0;
  if (t->scale_offset != 0 || t->scale_bytes != 0 || t->scale_arena != SM_NO_ARENA) return 0;
  return t->data_bytes == 4u * t->rows * t->columns && in_file(image, t->data_offset, t->data_bytes);
}

/* Tiles that one flash command can read; runs that no kernel leaves its room by. */
static int stream_is_good(const struct sm_tensor *t) {
  uint32_t rows = t->format == SM_INT8 ? 4u : 8u, blocks = sm_pad(t->rows, rows) / rows;
  uint32_t columns = sm_pad(t->columns, 4), least = t->format != SM_INT4 ? 0u : columns < 32u ? columns : 32u;
  if (t->scale_offset != 0 || t->scale_bytes != 0) return 0;
  if (t->data_arena != SM_NO_ARENA || t->scale_arena != SM_NO_ARENA) return 0;
  if (t->run % 4u != 0 || t->run < least || t->run > (least == 0 ? 0u : columns)) return 0;
  return t->tile >= 1 && t->tile <= blocks && t->tile * (t->data_bytes / blocks / 4u) <= 65536u;
}

static int check_tensors(const struct sm_image *image) {
  for (uint32_t i = 0; i < image->tensor_count; i++) {
    struct sm_tensor t, want;
    sm_image_tensor(image, i, &t);
    expected_tensor(&image->config, i, &want);
    if (t.kind != want.kind || t.layer != want.layer || t.rows != want.rows || t.columns != want.columns) {
      return SM_ERR_BAD_TENSOR;
    }
    int is_gain = t.kind == SM_ATTENTION_NORM || t.kind == SM_FFN_NORM || t.kind == SM_FINAL_NORM;
    int streamed = image->version > 1u && t.placement == SM_STREAMED && !is_gain && !image->config.single;
    if (!is_exponent(t.exponent) || (!streamed && (t.tile != 0 || t.run != 0))) {
      return SM_ERR_BAD_TENSOR;
    }
    if (!(image->config.single ? float_is_good(image, &t, is_gain)
          : is_gain            ? gain_is_good(image, &t)
                               : matrix_is_good(image, &t))) {
      return SM_ERR_BAD_TENSOR;
    }
    if (!(streamed ? stream_is_good(&t) : placed(image, t.placement, t.data_arena, t.data_bytes))) {
      return SM_ERR_BAD_TENSOR;
    }
  }
  return SM_OK;
}

static uint32_t table_bytes(const struct sm_config *c, uint32_t kind) {
  if (kind == SM_TABLE_SIGMA) return 2u * 1024u;
  if (kind == SM_TABLE_EXP) return 2u * c->exp_entries;
  if (kind == SM_TABLE_EXP2) return 2u * 256u;
  return c->context * (c->head_size / 2u) * 4u;
}

/* The largest weight first, and no sum of context * weight * v beyond 31 bits; at least 128, so that the attention's
 * reciprocal exists. */
static int exp_table_is_good(const struct sm_image *image, const struct sm_table *t) {
  const struct sm_config *c = &image->config;
  const uint8_t *entries = image->bytes + t->offset;
  uint32_t first = sm_u16(entries);
  if (first < 128 || first > 0x7fffffffu / (c->context * c->v_max)) return 0;
  for (uint32_t i = 1; i < c->exp_entries; i++) {
    if (sm_u16(entries + 2u * i) > first) return 0;
  }
  return 1;
}

static int check_tables(const struct sm_image *image) {
  for (uint32_t i = 0; i < image->table_count; i++) {
    struct sm_table t;
    sm_image_table(image, i, &t);
    int good = t.kind == i + 1u && sm_u16(image->bytes + image->table_offset + 16u * i + 2u) == 0 &&
               t.bytes == table_bytes(&image->config, t.kind) && in_file(image, t.offset, t.bytes) &&
               placed(image, t.placement, t.arena, t.bytes);
    if (!good || (t.kind == SM_TABLE_EXP && !exp_table_is_good(image, &t))) return SM_ERR_BAD_TABLE;
  }
  return SM_OK;
}

/* The table of the streamed matrices and two slots for the largest tile. */
static uint32_t ring_bytes(const struct sm_image *image) {
  uint32_t matrices = 0, most = 0;
  for (uint32_t i = 0; i < image->tensor_count; i++) {
    struct sm_tensor t;
    sm_image_tensor(image, i, &t);
    if (t.placement != SM_STREAMED) continue;
    uint32_t rows = t.format == SM_INT8 ? 4u : 8u, bytes = t.tile * (t.data_bytes / (sm_pad(t.rows, rows) / rows));
    matrices++;
    if (bytes > most) most = bytes;
  }
  return 16u * matrices + 2u * most;
}

/* Least bytes of a region (models/IMAGE.md); the largest, the KV cache, stays below 2^28. */
static uint32_t region_bytes(const struct sm_image *image, uint32_t kind) {
  const struct sm_config *c = &image->config;
  uint32_t attention = c->heads * c->head_size;
  uint32_t kv = c->kv_heads * c->head_size;
  uint32_t wide = c->dim;
  if (c->hidden > wide) wide = c->hidden;
  if (attention > wide) wide = attention;
  uint32_t y = attention + 2u * kv;
  uint32_t ffn = c->family == SM_LLAMA ? 2u * c->hidden : c->hidden;
  if (ffn > y) y = ffn;
  if (c->dim > y) y = c->dim;

  switch (kind) {
    case SM_REGION_KV:
      return (c->single ? 8u : 2u) * c->layers * kv * sm_pad(c->context, 4);
    case SM_REGION_X:
      return 4u * sm_pad(c->dim, 4);
    case SM_REGION_Y:
      return 4u * sm_pad(y, 8);
    case SM_REGION_SCORES:
      return 4u * 2u * sm_pad(c->context, 4);
    case SM_REGION_LOGITS:
      return 4u * sm_pad(c->vocabulary, 8);
    case SM_REGION_RING:
      return ring_bytes(image);
    default:
      return 4u * sm_pad(wide, 4); /* a and t */
  }
}

static int check_regions(const struct sm_image *image) {
  for (uint32_t i = 0; i < image->region_count; i++) {
    const uint8_t *e = image->bytes + image->region_offset + 12u * i;
    uint32_t bytes = sm_u32(e + 8);
    if (sm_u16(e) != i + 1u || sm_u16(e + 2) != 0 || bytes < region_bytes(image, i + 1u) ||
        !placed(image, 1, sm_u32(e + 4), bytes)) {
      return SM_ERR_BAD_REGION;
    }
  }
  return SM_OK;
}

/* SRAM range number `index` of the image: two per tensor (data, scales), one per table and per region. Returns 0 when
 * it is not in SRAM. */
static int sram_range(const struct sm_image *image, uint32_t index, uint32_t *arena, uint32_t *bytes) {
  uint32_t tensors = 2u * image->tensor_count;
  if (index < tensors) {
    const uint8_t *e = image->bytes + image->tensor_offset + 48u * (index / 2u);
    *arena = sm_u32(e + (index % 2u ? 36 : 32));
    *bytes = sm_u32(e + (index % 2u ? 28 : 20));
  } else if (index < tensors + image->table_count) {
    const uint8_t *e = image->bytes + image->table_offset + 16u * (index - tensors);
    *arena = sm_u32(e + 12);
    *bytes = sm_u32(e + 8);
  } else {
    const uint8_t *e = image->bytes + image->region_offset + 12u * (index - tensors - image->table_count);
    *arena = sm_u32(e + 4);
    *bytes = sm_u32(e + 8);
  }
  return *arena != SM_NO_ARENA && *bytes != 0;
}

/*
 * Whether ranges `i` and `j` of the regions may share memory because they are never in use together: the logits with the matvec
 * output and the scores; the scores with what follows queries, keys and values in the output.
 */
static int may_share(const struct sm_image *image, uint32_t i, uint32_t j) {
  uint32_t regions = 2u * image->tensor_count + image->table_count;
  uint32_t output = regions + SM_REGION_Y - 1u, scores = regions + SM_REGION_SCORES - 1u;
  uint32_t logits = regions + SM_REGION_LOGITS - 1u;
  if (j < output || i > logits) return 0;
  if (i == logits || j == logits) return 1;
  const struct sm_config *c = &image->config;
  uint32_t rows = (c->heads + 2u * c->kv_heads) * c->head_size;
  uint32_t from, to, bytes;
  sram_range(image, output, &from, &bytes);
  sram_range(image, scores, &to, &bytes);
  return to >= from + 4u * ((rows + 7u) & ~7u);
}

/* Every pair: at most 786 ranges, and no memory to sort them in. */
static int check_overlap(const struct sm_image *image) {
  uint32_t count = 2u * image->tensor_count + image->table_count + image->region_count;
  for (uint32_t i = 1; i < count; i++) {
    uint32_t arena, bytes;
    if (!sram_range(image, i, &arena, &bytes)) continue;
    for (uint32_t j = 0; j < i; j++) {
      uint32_t other, other_bytes;
      if (!sram_range(image, j, &other, &other_bytes)) continue;
      if (arena < other + other_bytes && other < arena + bytes && !may_share(image, i, j)) return SM_ERR_OVERLAP;
    }
  }
  return SM_OK;
}

int sm_check_sections(struct sm_image *image) {
  int error = check_directories(image);
  if (error == SM_OK) error = check_tensors(image);
  if (error == SM_OK) error = check_tables(image);
  if (error == SM_OK) error = check_regions(image);
  if (error == SM_OK) error = sm_check_tokenizer(image);
  if (error == SM_OK) error = check_overlap(image);
  return error;
}
