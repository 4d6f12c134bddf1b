/*
 * Text to tokens and back, on the image's tokenizer section (models/IMAGE.md).
 */
#ifndef SM_TOKENIZER_H
#define SM_TOKENIZER_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "image.h"

struct sm_tokenizer {
  uint32_t vocabulary;
  uint32_t matchable;     /* ids at the front of `sorted` that text may become */
  uint32_t longest;       /* bytes of the longest piece */
  const uint32_t *start;  /* (V + 1) */
  const uint16_t *rank;   /* (V) */
  const uint16_t *sorted; /* (V) */
  const uint8_t *text;
  uint16_t bos, eos, base; /* base: first fallback id */
  uint8_t fallback, flags;
};

enum sm_fallback { SM_FALLBACK_NONE = 0, SM_FALLBACK_BYTES = 1, SM_FALLBACK_NIBBLES = 2 };

/* Binds to the tokenizer section of a validated image, in place. */
void sm_tokenizer_init(struct sm_tokenizer *tokenizer, const struct sm_image *image);

/*
 * Encodes `text` (any bytes) into `ids`. `ranks` is scratch as long as `ids`; a text of n bytes needs a capacity of
 * n + 2 (2 n + 2 with nibble fallback), even when merging leaves fewer. `add_bos` 0 leaves out the BOS that the
 * tokenizer would put first.
 * Returns the number of ids, SM_ERR_UNKNOWN_CHARACTER with the byte offset in *at, or SM_ERR_PROMPT_TOO_LONG.
 */
int32_t sm_encode(const struct sm_tokenizer *tokenizer, const uint8_t *text, size_t bytes, int add_bos,
                  uint16_t *ids, uint16_t *ranks, size_t capacity, size_t *at);

/* What decoding remembers from token to token; all zero before the first. */
struct sm_decoder {
  uint8_t after_bos;
  uint8_t has_high; /* a high nibble waits for its low one */
  uint8_t byte;     /* the byte a fallback token gave */
};

/* Decodes one more token: *piece points to its bytes (in the image, or in *decoder until the next call). Returns the
 * number of bytes, which may be 0, or SM_ERR_BAD_TOKEN. */
int32_t sm_decode(const struct sm_tokenizer *tokenizer, struct sm_decoder *decoder, uint32_t token,
                  const uint8_t **piece);

#endif
