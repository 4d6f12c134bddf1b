/*
 * The engine behind a pipe, for tests. Requests on stdin and responses on stdout, little-endian:
 *   request   u32 bytes of what follows, u8 operation, arguments
 *   response  u32 bytes of what follows, i32 status (an enum sm_error or a result), values
 * Operations and their arguments are at the functions below. Input is trusted to be well-formed: client.ts writes it;
 * only the images and texts inside it are hostile. Every image is copied to a block of exactly its size, so that the
 * address sanitizer sees any read outside it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../engine/engine.h"
#include "../engine/image.h"
#include "../engine/sampler.h"
#include "../engine/tokenizer.h"

/* ---- buffers -------------------------------------------------------------------------------------------------- */

struct buffer {
  uint8_t *bytes;
  size_t count, capacity;
};

static void append(struct buffer *b, const void *bytes, size_t count) {
  if (b->count + count > b->capacity) {
    b->capacity = 2 * (b->count + count) + 4096;
    b->bytes = realloc(b->bytes, b->capacity);
    if (b->bytes == NULL) exit(3);
  }
  if (count > 0) memcpy(b->bytes + b->count, bytes, count);
  b->count += count;
}

static void append_u32(struct buffer *b, uint32_t value) {
  append(b, &value, sizeof value);
}

struct reader {
  const uint8_t *bytes;
  size_t left;
};

static const uint8_t *take(struct reader *r, size_t count) {
  if (count > r->left) {
    fprintf(stderr, "host: a request is %zu bytes short\n", count - r->left);
    exit(2);
  }
  const uint8_t *p = r->bytes;
  r->bytes += count;
  r->left -= count;
  return p;
}

static uint32_t take_u32(struct reader *r) {
  uint32_t value;
  memcpy(&value, take(r, sizeof value), sizeof value);
  return value;
}

/* A block of its own, of exactly this many bytes. */
static uint8_t *take_copy(struct reader *r, size_t count) {
  uint8_t *copy = malloc(count);
  const uint8_t *bytes = take(r, count);
  if (copy == NULL && count > 0) exit(3);
  if (count > 0) memcpy(copy, bytes, count);
  return copy;
}

/* ---- state ---------------------------------------------------------------------------------------------------- */

static struct sm_image image;
static struct sm_engine engine;
static struct sm_tokenizer tokenizer;
static uint8_t *image_bytes;
static void *arena;
uint32_t host_cores = 1;
static struct buffer *taps; /* NULL: not wanted */

void host_tap(enum sm_tap tap, uint32_t layer, const int32_t *values, uint32_t count) {
  if (taps == NULL) return;
  append_u32(taps, (uint32_t)tap);
  append_u32(taps, layer);
  append_u32(taps, count);
  append(taps, values, 4u * (size_t)count);
}

/* ---- operations ----------------------------------------------------------------------------------------------- */

/* u32 arena bytes, u32 flash limit, image -> status. A good image becomes the loaded one. */
static int load(struct reader *r) {
  uint32_t arena_bytes = take_u32(r), flash_limit = take_u32(r);
  size_t available = r->left;
  uint8_t *bytes = take_copy(r, available);
  struct sm_image opened;
  int error = sm_image_open(bytes, available, arena_bytes, flash_limit, &opened);
  if (error != SM_OK) {
    free(bytes);
    return error;
  }
  free(image_bytes);
  free(arena);
  image_bytes = bytes;
  image = opened;
  arena = malloc(image.arena_bytes);
  if (arena == NULL) exit(3);
  memset(arena, 0xa5, image.arena_bytes); /* the engine may rely on no initial value */
  sm_tokenizer_init(&tokenizer, &image);
  return sm_engine_init(&engine, &image, arena);
}

/* u32 cores, 1 or 2 */
static int set_cores(struct reader *r) {
  host_cores = take_u32(r);
  return SM_OK;
}

/* u32 count, count x (u32 arena bytes, u32 flash limit, u32 available, image) -> i32 (count) */
static int validate(struct reader *r, struct buffer *out) {
  uint32_t count = take_u32(r);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t arena_bytes = take_u32(r), flash_limit = take_u32(r), available = take_u32(r);
    uint8_t *bytes = take_copy(r, available);
    struct sm_image opened;
    append_u32(out, (uint32_t)sm_image_open(bytes, available, arena_bytes, flash_limit, &opened));
    free(bytes);
  }
  return (int)count;
}

/* u32 first position, u32 token... -> logits (tokens, V) */
static int forward(struct reader *r, struct buffer *out) {
  uint32_t position = take_u32(r);
  while (r->left > 0) {
    int error = sm_engine_forward(&engine, take_u32(r), position++);
    if (error != SM_OK) return error;
    sm_engine_logits(&engine);
    append(out, engine.logits, 4u * (size_t)image.config.vocabulary);
  }
  return SM_OK;
}

/* as forward -> (u32 tap, u32 layer, u32 count, i32 (count))... */
static int forward_taps(struct reader *r, struct buffer *out) {
  struct buffer logits = {NULL, 0, 0};
  taps = out;
  int error = forward(r, &logits);
  taps = NULL;
  free(logits.bytes);
  return error;
}

/* u32 temperature, topK, topP, seed -> sampler */
static int take_sampler(struct reader *r, struct sm_sampler *sampler) {
  uint32_t temperature = take_u32(r), top_k = take_u32(r), top_p = take_u32(r), seed = take_u32(r);
  return sm_sampler_init(sampler, temperature, top_k, top_p, seed);
}

/* sampler, u32 draws, u32 fl, exp2 table u16 (256), logits (V) -> tokens (draws) */
static int sample(struct reader *r, struct buffer *out) {
  struct sm_sampler sampler;
  int error = take_sampler(r, &sampler);
  uint32_t draws = take_u32(r), fl = take_u32(r);
  uint16_t table[256];
  memcpy(table, take(r, sizeof table), sizeof table);
  size_t bytes = r->left;
  int32_t *logits = (int32_t *)(void *)take_copy(r, bytes);
  for (uint32_t i = 0; i < draws && error == SM_OK; i++) {
    append_u32(out, sm_sample(&sampler, logits, (uint32_t)(bytes / 4u), fl, table));
  }
  free(logits);
  return error;
}

/* sampler, u32 count, prompt token... -> tokens (count) */
static int generate(struct reader *r, struct buffer *out) {
  struct sm_sampler sampler;
  int error = take_sampler(r, &sampler);
  if (error != SM_OK) return error;
  uint32_t count = take_u32(r), position = 0;
  while (r->left > 4) {
    error = sm_engine_forward(&engine, take_u32(r), position++);
    if (error != SM_OK) return error;
  }
  uint32_t token = take_u32(r);
  for (uint32_t i = 0; i < count; i++) {
    int32_t next = sm_engine_step(&engine, token, position++, &sampler);
    if (next < 0) return next;
    token = (uint32_t)next;
    append_u32(out, token);
  }
  return SM_OK;
}

/* u32 capacity (0: what the text needs), text -> u32 at, u32 ids (status) */
static int encode(struct reader *r, struct buffer *out) {
  size_t capacity = take_u32(r), bytes = r->left, at = 0;
  if (capacity == 0) capacity = 2u * bytes + 4u;
  uint8_t *text = take_copy(r, bytes);
  uint16_t *ids = malloc(2u * capacity), *ranks = malloc(2u * capacity);
  if (ids == NULL || ranks == NULL) exit(3);
  int32_t count = sm_encode(&tokenizer, text, bytes, 1, ids, ranks, capacity, &at);
  append_u32(out, (uint32_t)at);
  for (int32_t i = 0; i < count; i++) append_u32(out, ids[i]);
  free(text);
  free(ids);
  free(ranks);
  return count;
}

/* u32 id... -> bytes */
static int decode(struct reader *r, struct buffer *out) {
  struct sm_decoder decoder = {0, 0, 0};
  while (r->left > 0) {
    const uint8_t *piece;
    int32_t count = sm_decode(&tokenizer, &decoder, take_u32(r), &piece);
    if (count < 0) return count;
    append(out, piece, (size_t)count);
  }
  return SM_OK;
}

static int run(uint8_t operation, struct reader *r, struct buffer *out) {
  switch (operation) {
    case 'L': return load(r);
    case 'C': return set_cores(r);
    case 'V': return validate(r, out);
    case 'F': return forward(r, out);
    case 'T': return forward_taps(r, out);
    case 'S': return sample(r, out);
    case 'G': return generate(r, out);
    case 'E': return encode(r, out);
    case 'D': return decode(r, out);
    default: fprintf(stderr, "host: unknown operation %u\n", operation); exit(2);
  }
}

int main(void) {
  struct buffer request = {NULL, 0, 0}, response = {NULL, 0, 0};
  uint32_t bytes;
  while (fread(&bytes, sizeof bytes, 1, stdin) == 1) {
    if (bytes > request.capacity) {
      free(request.bytes);
      request.capacity = bytes;
      request.bytes = malloc(bytes);
      if (request.bytes == NULL) return 3;
    }
    if (bytes < 1 || fread(request.bytes, 1, bytes, stdin) != bytes) return 2;
    struct reader r = {request.bytes + 1, bytes - 1u};
    response.count = 0;
    append_u32(&response, 0);
    append_u32(&response, 0);
    int32_t status = run(request.bytes[0], &r, &response);
    uint32_t length = (uint32_t)(response.count - 4);
    memcpy(response.bytes, &length, sizeof length);
    memcpy(response.bytes + 4, &status, sizeof status);
    if (fwrite(response.bytes, 1, response.count, stdout) != response.count || fflush(stdout) != 0) return 1;
  }
  free(request.bytes);
  free(response.bytes);
  free(image_bytes);
  free(arena);
  return 0;
}
