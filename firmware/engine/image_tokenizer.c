/*
 * Checks of the image's tokenizer section, so that encoding and decoding need none.
 */
#include <string.h>

#include "bytes.h"
#include "image_sections.h"

struct section {
  const uint8_t *start, *ids, *text;
  uint32_t vocabulary, matchable, fallback_base, fallback_count;
  uint16_t bos, eos;
};

static uint32_t piece_start(const struct section *s, uint32_t id) {
  return sm_u32(s->start + 4u * id);
}

static uint32_t piece_bytes(const struct section *s, uint32_t id) {
  return piece_start(s, id + 1u) - piece_start(s, id);
}

static uint32_t sorted_id(const struct section *s, uint32_t index) {
  return sm_u16(s->ids + 2u * index);
}

/* Order by bytes, then by id: below 0 when piece a comes before piece b, 0 for the same id. */
static int compare(const struct section *s, uint32_t a, uint32_t b) {
  uint32_t na = piece_bytes(s, a), nb = piece_bytes(s, b);
  int order = memcmp(s->text + piece_start(s, a), s->text + piece_start(s, b), na < nb ? na : nb);
  if (order != 0) return order;
  if (na != nb) return na < nb ? -1 : 1;
  return a < b ? -1 : a > b;
}

/* Text may not become these. */
static int is_special(const struct section *s, uint32_t id) {
  return id == s->bos || id == s->eos || piece_bytes(s, id) == 0 || id - s->fallback_base < s->fallback_count;
}

/* Pieces fill the text in id order, and the longest has the length it should. */
static int starts_are_good(const struct section *s, uint32_t text_bytes, uint32_t longest) {
  uint32_t found = 0;
  if (piece_start(s, 0) != 0 || piece_start(s, s->vocabulary) != text_bytes) return 0;
  for (uint32_t id = 0; id < s->vocabulary; id++) {
    if (piece_start(s, id) > piece_start(s, id + 1u)) return 0;
    if (piece_bytes(s, id) > found) found = piece_bytes(s, id);
  }
  return found == longest;
}

static int is_matchable(const struct section *s, uint32_t id) {
  uint32_t low = 0, high = s->matchable;
  while (low < high) {
    uint32_t middle = (low + high) / 2u;
    int order = compare(s, sorted_id(s, middle), id);
    if (order == 0) return 1;
    if (order < 0) low = middle + 1u;
    else high = middle;
  }
  return 0;
}

/* A permutation of the ids: the matchable ones by (bytes, id), then the others by id. */
static int ids_are_good(const struct section *s) {
  for (uint32_t i = 0; i < s->vocabulary; i++) {
    if (sorted_id(s, i) >= s->vocabulary) return 0;
  }
  for (uint32_t i = 0; i < s->matchable; i++) {
    if (is_special(s, sorted_id(s, i))) return 0;
    if (i > 0 && compare(s, sorted_id(s, i - 1u), sorted_id(s, i)) >= 0) return 0;
  }
  for (uint32_t i = s->matchable; i < s->vocabulary; i++) {
    uint32_t id = sorted_id(s, i);
    if (i > s->matchable && sorted_id(s, i - 1u) >= id) return 0;
    if (!is_special(s, id) && is_matchable(s, id)) return 0;
  }
  return 1;
}

int sm_check_tokenizer(const struct sm_image *image) {
  const uint8_t *p = image->bytes + image->tokenizer_offset;
  uint32_t v = image->config.vocabulary;
  uint32_t text_at = 16u + 4u * (v + 1u) + 4u * v + 4u;
  if (image->tokenizer_bytes < text_at || sm_u32(p) != v) return SM_ERR_BAD_TOKENIZER;
  uint32_t text_bytes = sm_u32(p + 12);
  if (image->tokenizer_bytes - text_at != text_bytes) return SM_ERR_BAD_TOKENIZER;

  struct section s;
  s.vocabulary = v;
  s.start = p + 16;
  s.ids = p + 16u + 4u * (v + 1u) + 2u * v;
  s.text = p + text_at;
  s.matchable = sm_u16(p + text_at - 4u);
  s.bos = image->config.bos;
  s.eos = image->config.eos;
  s.fallback_base = sm_u16(p + 6);
  s.fallback_count = p[4] == 1 ? 256u : p[4] == 2 ? 16u : 0u;

  int good = p[4] <= 2 && p[5] <= 7 && !((p[5] & 1u) && s.bos == SM_NO_TOKEN) && sm_u16(p + 10) == 0 &&
             sm_u16(p + text_at - 2u) == 0 && s.matchable <= v && s.fallback_base + s.fallback_count <= v &&
             starts_are_good(&s, text_bytes, sm_u16(p + 8));
  for (uint32_t i = 0; good && i < s.fallback_count; i++) good = piece_bytes(&s, s.fallback_base + i) == 0;
  return good && ids_are_good(&s) ? SM_OK : SM_ERR_BAD_TOKENIZER;
}
