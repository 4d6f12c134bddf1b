/*
 * Eight int4 rows at once, for a run of at most 32 columns; shared by the two int4 kernels.
 *
 * Word k holds eight rows' weights of column k as nibbles wq + 8. A product of a word masked to nibbles 0 and 4 with x
 * holds two rows' products as 16-bit lanes. Lanes may wrap and borrow from each other; only the final signed sums must
 * fit 16 bits, and for 32 columns they do: 32 * 8 * 127 = 32512. So
 *   A0 = sum W x                             (not masked: it holds every nibble)
 *   Aj = sum ((W >> 4j) & 0x000f000f) x      j = 1, 2, 3: rows j and j + 4
 * and rows 0 and 4 are A0 - 2^4 A1 - 2^8 A2 - 2^12 A3, all modulo 2^32.
 */
#ifndef SM_LANES8_H
#define SM_LANES8_H

#include <stdint.h>

#include "../engine/arith.h"

#define SM_LANES8_COLUMNS 32u

/* Splits lanes whose biased sums are in `pair` into the sums of the low and the high row, the bias taken off. */
static inline void sm_lanes8_split(uint32_t pair, uint32_t bias, int32_t *low, int32_t *high) {
  pair -= bias + (bias << 16);
  *low = (int16_t)(pair & 0xffffu);
  *high = sm_asr((int32_t)(pair - (uint32_t)*low), 16);
}

/*
 * words: (columns), a: (columns), columns a multiple of 4 up to 32 -> sums[j] of row j, without bias.
 * Returns the words after the last one used.
 */
static inline const uint32_t *sm_lanes8(const uint32_t *words, const uint32_t *a, uint32_t columns,
                                        int32_t sums[8]) {
  const uint32_t mask = 0x000f000fu;
  const uint32_t *end = words + columns;
  uint32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, sum = 0;
  do {
    uint32_t w, x;
    w = words[0], x = a[0];
    sum += x, a0 += w * x, a1 += (w >> 4 & mask) * x, a2 += (w >> 8 & mask) * x, a3 += (w >> 12 & mask) * x;
    w = words[1], x = a[1];
    sum += x, a0 += w * x, a1 += (w >> 4 & mask) * x, a2 += (w >> 8 & mask) * x, a3 += (w >> 12 & mask) * x;
    w = words[2], x = a[2];
    sum += x, a0 += w * x, a1 += (w >> 4 & mask) * x, a2 += (w >> 8 & mask) * x, a3 += (w >> 12 & mask) * x;
    w = words[3], x = a[3];
    sum += x, a0 += w * x, a1 += (w >> 4 & mask) * x, a2 += (w >> 8 & mask) * x, a3 += (w >> 12 & mask) * x;
    words += 4, a += 4;
  } while (words != end);
  a0 -= (a1 << 4) + (a2 << 8) + (a3 << 12);
  uint32_t bias = 8u * sum;
  sm_lanes8_split(a0, bias, &sums[0], &sums[4]);
  sm_lanes8_split(a1, bias, &sums[1], &sums[5]);
  sm_lanes8_split(a2, bias, &sums[2], &sums[6]);
  sm_lanes8_split(a3, bias, &sums[3], &sums[7]);
  return words;
}

#endif
