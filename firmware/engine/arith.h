/*
 * The primitive operations of models/ARITHMETIC.md section 1. i32 wraps: sums and products are made in u32.
 */
#ifndef SM_ARITH_H
#define SM_ARITH_H

#include <stdint.h>

/* Inline whatever the optimizer thinks: out of line it would lie in flash. */
#define SM_INLINE inline __attribute__((always_inline))

/* Arithmetic shift right; GCC and Clang define it for negative values (and a test of ours asserts it). */
static SM_INLINE int32_t sm_asr(int32_t x, uint32_t shift) {
  return x >> shift;
}

static SM_INLINE int32_t sm_add(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a + (uint32_t)b);
}

static SM_INLINE int32_t sm_sub(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a - (uint32_t)b);
}

static SM_INLINE int32_t sm_mul(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a * (uint32_t)b);
}

/* What rshift adds before shifting: half of the last bit kept. Hoisted out of loops by callers. */
static SM_INLINE uint32_t sm_half(uint32_t shift) {
  return shift == 0 ? 0u : 1u << (shift - 1u);
}

/* rshift(x, s): round half up. */
static SM_INLINE int32_t sm_rshift(int32_t x, uint32_t shift) {
  return sm_asr((int32_t)((uint32_t)x + sm_half(shift)), shift);
}

static SM_INLINE int32_t sm_clamp(int32_t x, int32_t most) {
  return x > most ? most : x < -most ? -most : x;
}

static SM_INLINE uint32_t sm_abs(int32_t x) {
  return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
}

/* Significant bits. The Cortex-M0+ has no CLZ, and a library call for it would run from flash. */
static SM_INLINE uint32_t sm_bitlen(uint32_t x) {
  uint32_t bits = 0;
  if (x >> 16) x >>= 16, bits += 16;
  if (x >> 8) x >>= 8, bits += 8;
  if (x >> 4) x >>= 4, bits += 4;
  if (x >> 2) x >>= 2, bits += 2;
  if (x >> 1) return bits + 2;
  return bits + x;
}

#endif
