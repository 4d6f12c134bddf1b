#include "cbor.h"

#include <string.h>

#define MAX_DEPTH 8

struct head {
  uint8_t major, info;
  uint64_t value;
};

/* Reads one initial byte and its argument. Returns what follows, or NULL when it is cut short or of indefinite length. */
static const uint8_t *read_head(const uint8_t *p, const uint8_t *end, struct head *out) {
  *out = (struct head){0};
  if (p >= end) {
    return NULL;
  }
  out->major = *p >> 5;
  out->info = *p & 31;
  p++;
  if (out->info < 24) {
    out->value = out->info;
    return p;
  }
  if (out->info > 27) {
    return NULL;
  }
  uint32_t bytes = 1u << (out->info - 24);
  if ((size_t)(end - p) < bytes) {
    return NULL;
  }
  out->value = 0;
  while (bytes-- > 0) {
    out->value = out->value << 8 | *p++;
  }
  return p;
}

static const uint8_t *skip(const uint8_t *p, const uint8_t *end, int depth);

static const uint8_t *skip_elements(const uint8_t *p, const uint8_t *end, uint64_t elements, int depth) {
  /* Every element takes a byte at least: a count beyond that is a lie, and not worth a long loop. */
  if (depth == 0 || elements > (uint64_t)(end - p)) {
    return NULL;
  }
  while (p && elements-- > 0) {
    p = skip(p, end, depth - 1);
  }
  return p;
}

/* Returns what follows a well-formed item, or NULL. */
static const uint8_t *skip(const uint8_t *p, const uint8_t *end, int depth) {
  struct head h;
  p = read_head(p, end, &h);
  if (!p) {
    return NULL;
  }
  switch (h.major) {
    case 2:
    case 3:
      return h.value <= (uint64_t)(end - p) ? p + h.value : NULL;
    case 4:
      return skip_elements(p, end, h.value, depth);
    case 5:
      return h.value <= (uint64_t)(end - p) ? skip_elements(p, end, 2 * h.value, depth) : NULL;
    case 6:
      return skip_elements(p, end, 1, depth);
    default:
      return p;
  }
}

static enum sm_cbor_type type_of(const struct head *h) {
  static const enum sm_cbor_type types[6] = {SM_CBOR_UNSIGNED, SM_CBOR_NEGATIVE, SM_CBOR_BYTES,
                                             SM_CBOR_TEXT,     SM_CBOR_ARRAY,    SM_CBOR_MAP};
  if (h->major < 6) {
    return types[h->major];
  }
  if (h->major == 7 && (h->info == 20 || h->info == 21)) {
    return SM_CBOR_BOOL;
  }
  return h->major == 7 && h->info == 22 ? SM_CBOR_NULL : SM_CBOR_OTHER;
}

/* Reads the item at `p`, which is known to be well-formed. Returns what follows. */
static const uint8_t *read_item(const uint8_t *p, const uint8_t *end, struct sm_cbor_item *out) {
  struct head h;
  out->bytes = read_head(p, end, &h);
  out->type = type_of(&h);
  out->value = out->type == SM_CBOR_BOOL ? h.info == 21 : h.value;
  out->end = end;
  return skip(p, end, MAX_DEPTH);
}

bool sm_cbor_open(const uint8_t *bytes, size_t count, struct sm_cbor_item *map) {
  const uint8_t *end = bytes + count;
  if (skip(bytes, end, MAX_DEPTH) != end) {
    return false;
  }
  read_item(bytes, end, map);
  if (map->type != SM_CBOR_MAP) {
    return false;
  }
  const uint8_t *p = map->bytes;
  for (uint64_t i = 0; i < map->value; i++) {
    struct sm_cbor_item key, value;
    p = read_item(p, end, &key);
    if (key.type != SM_CBOR_TEXT) {
      return false;
    }
    p = read_item(p, end, &value);
  }
  return true;
}

bool sm_cbor_get(const struct sm_cbor_item *map, const char *key, struct sm_cbor_item *out) {
  size_t length = strlen(key);
  const uint8_t *p = map->bytes;
  for (uint64_t i = 0; i < map->value; i++) {
    struct sm_cbor_item found;
    p = read_item(p, map->end, &found);
    p = read_item(p, map->end, out);
    if (found.value == length && memcmp(found.bytes, key, length) == 0) {
      return true;
    }
  }
  return false;
}

void sm_cbor_next(const struct sm_cbor_item *array, const uint8_t **cursor, struct sm_cbor_item *out) {
  *cursor = read_item(*cursor, array->end, out);
}

static void put(struct sm_cbor_writer *w, const uint8_t *bytes, size_t count) {
  if (w->overflow || w->capacity - w->count < count) {
    w->overflow = true;
    return;
  }
  memcpy(w->bytes + w->count, bytes, count);
  w->count += count;
}

/* The shortest head, as RFC 8949 4.2.1 prefers. */
static void put_head(struct sm_cbor_writer *w, uint8_t major, uint64_t value) {
  uint8_t head[9];
  uint32_t bytes = value < 24 ? 0 : value <= 0xff ? 1 : value <= 0xffff ? 2 : value <= 0xffffffffu ? 4 : 8;
  static const uint8_t info[9] = {0, 24, 25, 0, 26, 0, 0, 0, 27};
  head[0] = (uint8_t)(major << 5 | (bytes == 0 ? (uint8_t)value : info[bytes]));
  for (uint32_t i = 0; i < bytes; i++) {
    head[1 + i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
  }
  put(w, head, 1 + bytes);
}

void sm_cbor_map(struct sm_cbor_writer *w, uint32_t pairs) { put_head(w, 5, pairs); }
void sm_cbor_array(struct sm_cbor_writer *w, uint32_t elements) { put_head(w, 4, elements); }
void sm_cbor_unsigned(struct sm_cbor_writer *w, uint64_t value) { put_head(w, 0, value); }
void sm_cbor_text(struct sm_cbor_writer *w, const char *text) {
  size_t length = strlen(text);
  put_head(w, 3, length);
  put(w, (const uint8_t *)text, length);
}
void sm_cbor_bytes(struct sm_cbor_writer *w, const uint8_t *bytes, size_t count) {
  put_head(w, 2, count);
  put(w, bytes, count);
}
void sm_cbor_bool(struct sm_cbor_writer *w, bool value) { put_head(w, 7, value ? 21 : 20); }
void sm_cbor_null(struct sm_cbor_writer *w) { put_head(w, 7, 22); }

void sm_cbor_pair_unsigned(struct sm_cbor_writer *w, const char *key, uint64_t value) {
  sm_cbor_text(w, key);
  sm_cbor_unsigned(w, value);
}
void sm_cbor_pair_text(struct sm_cbor_writer *w, const char *key, const char *value) {
  sm_cbor_text(w, key);
  sm_cbor_text(w, value);
}
void sm_cbor_pair_bool(struct sm_cbor_writer *w, const char *key, bool value) {
  sm_cbor_text(w, key);
  sm_cbor_bool(w, value);
}
