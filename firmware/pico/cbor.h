/*
 * The part of CBOR (RFC 8949) that the link uses: maps with text keys, unsigned and negative integers, text, byte
 * strings, arrays, booleans and null, definite lengths only. Other items are accepted where nobody asks for them.
 */
#ifndef SM_CBOR_H
#define SM_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sm_cbor_type {
  SM_CBOR_UNSIGNED,
  SM_CBOR_NEGATIVE,
  SM_CBOR_BYTES,
  SM_CBOR_TEXT,
  SM_CBOR_ARRAY,
  SM_CBOR_MAP,
  SM_CBOR_BOOL,
  SM_CBOR_NULL,
  SM_CBOR_OTHER
};

struct sm_cbor_item {
  enum sm_cbor_type type;
  uint64_t value;       /* integer (the n of -1 - n), boolean, number of bytes, elements or pairs */
  const uint8_t *bytes; /* of a string: its content; of an array or map: its first element */
  const uint8_t *end;   /* of the whole message */
};

/* Checks that the bytes are exactly one well-formed map with text keys and gives it. */
bool sm_cbor_open(const uint8_t *bytes, size_t count, struct sm_cbor_item *map);

/* Finds a key of a map; false when it is not there. The first of equal keys counts. */
bool sm_cbor_get(const struct sm_cbor_item *map, const char *key, struct sm_cbor_item *out);

/* Element `index` of an array in order: start with cursor = array->bytes; advances it. */
void sm_cbor_next(const struct sm_cbor_item *array, const uint8_t **cursor, struct sm_cbor_item *out);

/* A message being written. What does not fit is dropped and `overflow` set. */
struct sm_cbor_writer {
  uint8_t *bytes;
  size_t capacity, count;
  bool overflow;
};

void sm_cbor_map(struct sm_cbor_writer *w, uint32_t pairs);
void sm_cbor_array(struct sm_cbor_writer *w, uint32_t elements);
void sm_cbor_unsigned(struct sm_cbor_writer *w, uint64_t value);
void sm_cbor_text(struct sm_cbor_writer *w, const char *text);
void sm_cbor_bytes(struct sm_cbor_writer *w, const uint8_t *bytes, size_t count);
void sm_cbor_bool(struct sm_cbor_writer *w, bool value);
void sm_cbor_null(struct sm_cbor_writer *w);

/* A key with its value. */
void sm_cbor_pair_unsigned(struct sm_cbor_writer *w, const char *key, uint64_t value);
void sm_cbor_pair_text(struct sm_cbor_writer *w, const char *key, const char *value);
void sm_cbor_pair_bool(struct sm_cbor_writer *w, const char *key, bool value);

#endif
