/* Wide products and shifts for the soft-float routines. */
#ifndef SM_WIDE_H
#define SM_WIDE_H

#include <stdint.h>

uint32_t rom_clz32(uint32_t x);

/* 32 x 32 -> 64 bits (bits.S). */
uint64_t rom_multiply_wide(uint32_t a, uint32_t b);

static inline uint32_t clz64(uint64_t x) {
  uint32_t high = (uint32_t)(x >> 32);
  return high ? rom_clz32(high) : 32 + rom_clz32((uint32_t)x);
}

/* The upper half of the 128-bit product, its last bit set when the lower half is not zero. */
static inline uint64_t multiply_high_sticky(uint64_t a, uint64_t b) {
  uint32_t a0 = (uint32_t)a;
  uint32_t a1 = (uint32_t)(a >> 32);
  uint32_t b0 = (uint32_t)b;
  uint32_t b1 = (uint32_t)(b >> 32);
  uint64_t low = rom_multiply_wide(a0, b0);
  uint64_t middle = rom_multiply_wide(a1, b0) + (low >> 32);
  uint64_t other = rom_multiply_wide(a0, b1) + (uint32_t)middle;
  uint64_t high = rom_multiply_wide(a1, b1) + (middle >> 32) + (other >> 32);
  return high | ((uint32_t)low != 0 || (uint32_t)other != 0);
}

/* value >> shift, the last bit set when a bit was lost. Any shift. */
static inline uint64_t shift_right_sticky(uint64_t value, uint32_t shift) {
  if (shift > 63) {
    return value != 0;
  }
  uint64_t shifted = value >> shift;
  return shifted | ((shifted << shift) != value);
}

#endif
