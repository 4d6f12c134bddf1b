/*
 * Encoding keeps, beside the ids, the rank of each adjacent pair's merge. A merge then costs one pass over the ranks, one
 * move of what follows, and two look-ups, so that a prompt of a kilobyte takes about a million simple steps; every
 * look-up is a binary search in the image's sorted ids.
 */
#include "tokenizer.h"

#include <string.h>

#include "bytes.h"
#include "utf8.h"

#define NO_RANK 0xffffu
#define NO_ID 0xffffffffu

enum { FLAG_BOS = 1, FLAG_SPACE = 2, FLAG_STRIP = 4 };

void sm_tokenizer_init(struct sm_tokenizer *t, const struct sm_image *image) {
  const uint8_t *p = image->bytes + image->tokenizer_offset;
  uint32_t v = image->config.vocabulary;
  t->vocabulary = v;
  t->fallback = p[4];
  t->flags = p[5];
  t->base = sm_u16(p + 6);
  t->longest = sm_u16(p + 8);
  t->start = (const uint32_t *)(const void *)(p + 16);
  t->rank = (const uint16_t *)(const void *)(t->start + v + 1u);
  t->sorted = t->rank + v;
  t->matchable = t->sorted[v];
  t->text = (const uint8_t *)(t->sorted + v + 2u);
  t->bos = image->config.bos;
  t->eos = image->config.eos;
}

static uint32_t fallback_count(const struct sm_tokenizer *t) {
  return t->fallback == SM_FALLBACK_BYTES ? 256u : t->fallback == SM_FALLBACK_NIBBLES ? 16u : 0u;
}

static int is_fallback(const struct sm_tokenizer *t, uint32_t id) {
  return id - t->base < fallback_count(t);
}

/* ---- look-up -------------------------------------------------------------------------------------------------- */

/* Bytes in two parts, as a pair of pieces is. */
struct span2 {
  const uint8_t *first, *second;
  size_t first_bytes, second_bytes;
};

/* Below 0 when the piece comes before `key`, 0 when it is equal, above 0 after. */
static int compare_piece(const uint8_t *piece, size_t bytes, const struct span2 *key) {
  size_t first = bytes < key->first_bytes ? bytes : key->first_bytes;
  int order = memcmp(piece, key->first, first);
  if (order != 0) return order;
  if (bytes < key->first_bytes) return -1;
  size_t rest = bytes - first;
  order = memcmp(piece + first, key->second, rest < key->second_bytes ? rest : key->second_bytes);
  if (order != 0) return order;
  return rest < key->second_bytes ? -1 : rest > key->second_bytes;
}

/* Smallest matchable id with exactly these bytes, or NO_ID. Equal pieces are sorted by id, so it is the first. */
static uint32_t find(const struct sm_tokenizer *t, const struct span2 *key) {
  if (key->first_bytes + key->second_bytes > t->longest) return NO_ID;
  uint32_t low = 0, high = t->matchable, found = NO_ID;
  while (low < high) {
    uint32_t middle = (low + high) / 2u, id = t->sorted[middle];
    int order = compare_piece(t->text + t->start[id], t->start[id + 1u] - t->start[id], key);
    if (order < 0) {
      low = middle + 1u;
    } else {
      high = middle;
      if (order == 0) found = id;
    }
  }
  return found;
}

/* Tokens of which text is made; BOS and fallback tokens do not merge. */
static int merges(const struct sm_tokenizer *t, uint32_t id) {
  return id != t->bos && id != t->eos && !is_fallback(t, id);
}

/* What two adjacent tokens merge into, or NO_ID. */
static uint32_t find_merge(const struct sm_tokenizer *t, uint32_t left, uint32_t right) {
  if (!merges(t, left) || !merges(t, right)) return NO_ID;
  struct span2 key;
  key.first = t->text + t->start[left];
  key.first_bytes = t->start[left + 1u] - t->start[left];
  key.second = t->text + t->start[right];
  key.second_bytes = t->start[right + 1u] - t->start[right];
  return find(t, &key);
}

static uint16_t rank_of_pair(const struct sm_tokenizer *t, uint32_t left, uint32_t right) {
  uint32_t id = find_merge(t, left, right);
  return id == NO_ID ? NO_RANK : t->rank[id];
}

/* ---- encoding ------------------------------------------------------------------------------------------------- */

struct encoder {
  const struct sm_tokenizer *t;
  uint16_t *ids, *ranks; /* ranks[i] is of the pair (i, i + 1) */
  size_t count, capacity;
};

static int push(struct encoder *e, uint32_t id) {
  if (e->count == e->capacity) return SM_ERR_PROMPT_TOO_LONG;
  e->ids[e->count++] = (uint16_t)id;
  return SM_OK;
}

static int push_byte(struct encoder *e, uint8_t byte) {
  const struct sm_tokenizer *t = e->t;
  if (t->fallback == SM_FALLBACK_NONE) { /* a byte-level alphabet has bytes as pieces */
    struct span2 key = {&byte, &byte, 1, 0};
    uint32_t id = find(t, &key);
    return id == NO_ID ? SM_ERR_UNKNOWN_CHARACTER : push(e, id);
  }
  if (t->fallback == SM_FALLBACK_BYTES) return push(e, (uint32_t)t->base + byte);
  int error = push(e, t->base + ((uint32_t)byte >> 4));
  return error != SM_OK ? error : push(e, t->base + ((uint32_t)byte & 15u));
}

/* One code point, or one byte that belongs to none. */
static int push_character(struct encoder *e, const uint8_t *bytes, size_t count) {
  struct span2 key = {bytes, bytes, count, 0};
  uint32_t id = find(e->t, &key);
  if (id != NO_ID) return push(e, id);
  int error = SM_OK;
  for (size_t i = 0; i < count && error == SM_OK; i++) error = push_byte(e, bytes[i]);
  return error;
}

/* Merges the leftmost pair of the smallest rank until no pair has one. */
static void merge_all(struct encoder *e) {
  const struct sm_tokenizer *t = e->t;
  for (size_t i = 0; i + 1 < e->count; i++) e->ranks[i] = rank_of_pair(t, e->ids[i], e->ids[i + 1]);
  while (e->count > 1) {
    size_t pairs = e->count - 1, best = 0;
    for (size_t i = 1; i < pairs; i++) {
      if (e->ranks[i] < e->ranks[best]) best = i;
    }
    if (e->ranks[best] == NO_RANK) return;

    e->ids[best] = (uint16_t)find_merge(t, e->ids[best], e->ids[best + 1]);
    size_t after = e->count - (best + 2);
    memmove(e->ids + best + 1, e->ids + best + 2, after * sizeof *e->ids);
    if (after > 0) {
      memmove(e->ranks + best + 1, e->ranks + best + 2, (after - 1) * sizeof *e->ranks);
      e->ranks[best] = rank_of_pair(t, e->ids[best], e->ids[best + 1]);
    }
    e->count--;
    if (best > 0) e->ranks[best - 1] = rank_of_pair(t, e->ids[best - 1], e->ids[best]);
  }
}

int32_t sm_encode(const struct sm_tokenizer *t, const uint8_t *text, size_t bytes, int add_bos, uint16_t *ids,
                  uint16_t *ranks, size_t capacity, size_t *at) {
  static const uint8_t space = ' ';
  struct encoder e = {t, ids, ranks, 0, capacity};
  int error = SM_OK;
  *at = 0;
  if ((t->flags & FLAG_BOS) && add_bos) error = push(&e, t->bos);
  if (error == SM_OK && (t->flags & FLAG_SPACE) && bytes > 0) error = push_character(&e, &space, 1);
  for (size_t i = 0; i < bytes && error == SM_OK;) {
    size_t length = sm_utf8_length(text + i, bytes - i);
    if (length == 0) length = 1;
    *at = i;
    error = push_character(&e, text + i, length);
    i += length;
  }
  if (error != SM_OK) return error;
  merge_all(&e);
  return (int32_t)e.count;
}

/* ---- decoding ------------------------------------------------------------------------------------------------- */

static int32_t decode_fallback(const struct sm_tokenizer *t, struct sm_decoder *d, uint32_t value,
                               const uint8_t **piece) {
  *piece = &d->byte;
  if (t->fallback == SM_FALLBACK_BYTES) {
    d->byte = (uint8_t)value;
    return 1;
  }
  if (!d->has_high) {
    d->byte = (uint8_t)(value << 4);
    d->has_high = 1;
    return 0;
  }
  d->byte = (uint8_t)(d->byte | value);
  d->has_high = 0;
  return 1;
}

int32_t sm_decode(const struct sm_tokenizer *t, struct sm_decoder *d, uint32_t token, const uint8_t **piece) {
  *piece = t->text;
  if (token >= t->vocabulary) return SM_ERR_BAD_TOKEN;
  int after_bos = d->after_bos;
  d->after_bos = token == t->bos;
  if (is_fallback(t, token) && token != t->bos && token != t->eos) {
    return decode_fallback(t, d, token - t->base, piece);
  }
  d->has_high = 0;
  if (token == t->bos || token == t->eos) return 0;

  const uint8_t *bytes = t->text + t->start[token];
  uint32_t count = t->start[token + 1u] - t->start[token];
  if (after_bos && (t->flags & FLAG_STRIP) && count > 0 && bytes[0] == ' ') bytes++, count--;
  *piece = bytes;
  return (int32_t)count;
}
