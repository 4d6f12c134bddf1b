#include "utf8.h"

static int in_range(uint8_t byte, uint8_t low, uint8_t high) {
  return byte >= low && byte <= high;
}

size_t sm_utf8_length(const uint8_t *text, size_t left) {
  uint8_t lead = text[0];
  if (lead < 0x80) return 1;
  size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (!in_range(lead, 0xc2, 0xf4) || length > left) return 0;

  /* The second byte's range shuts out overlong forms, surrogates and everything above U+10FFFF. */
  uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (!in_range(text[1], low, high)) return 0;
  for (size_t i = 2; i < length; i++) {
    if (!in_range(text[i], 0x80, 0xbf)) return 0;
  }
  return length;
}
