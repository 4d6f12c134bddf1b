/*
 * float: add, subtract, multiply, divide, square root, to nearest even. Denormals are zero, a NaN operand is an infinity
 * of its sign (datasheet 2.8.3.2); invalid operations give a NaN.
 *
 * Inside, a magnitude has its leading one at bit 30: 24 bits of result and 7 to round by, the last of which is sticky.
 */
#include <stdbool.h>
#include <stdint.h>

#include "wide.h"

typedef union {
  float f;
  uint32_t u;
} float_bits;

#define SIGN 0x80000000u
#define INFINITE 0x7f800000u
#define NOT_A_NUMBER 0x7fc00000u

static inline uint32_t bits_of(float x) { return ((float_bits){.f = x}).u; }
static inline float from_bits(uint32_t u) { return ((float_bits){.u = u}).f; }
static inline uint32_t exponent_of(uint32_t u) { return u >> 23 & 0xff; }
static inline uint32_t magnitude_of(uint32_t u) { return ((u & 0x7fffffu) | 0x800000u) << 7; }

/* Rounds and packs. An exponent too small gives zero, one too large infinity. */
static float pack(uint32_t sign, int32_t exponent, uint32_t magnitude) {
  magnitude = (magnitude + 0x3fu + (magnitude >> 7 & 1)) >> 7;
  if (magnitude >> 24) {
    magnitude >>= 1;
    exponent++;
  }
  if (exponent <= 0) {
    return from_bits(sign);
  }
  return from_bits(sign | (exponent >= 0xff ? INFINITE : (uint32_t)exponent << 23 | (magnitude & 0x7fffffu)));
}

static float add(uint32_t a, uint32_t b) {
  if ((a & ~SIGN) < (b & ~SIGN)) {
    uint32_t smaller = a;
    a = b;
    b = smaller;
  }
  int32_t exponent = (int32_t)exponent_of(a);
  if (exponent == 0xff) {
    bool opposite = exponent_of(b) == 0xff && ((a ^ b) & SIGN);
    return from_bits(opposite ? NOT_A_NUMBER : (a & SIGN) | INFINITE);
  }
  if (exponent_of(b) == 0) {
    return from_bits(exponent == 0 ? a & b & SIGN : a);
  }
  uint32_t sign = a & SIGN;
  uint32_t distance = (uint32_t)exponent - exponent_of(b);
  uint32_t large = magnitude_of(a);
  uint32_t small = magnitude_of(b);
  if (distance > 31) {
    small = 1;
  } else {
    uint32_t shifted = small >> distance;
    small = shifted | ((shifted << distance) != small);
  }
  if (!((a ^ b) & SIGN)) {
    large += small;
    if (large >> 31) {
      large = large >> 1 | (large & 1);
      exponent++;
    }
    return pack(sign, exponent, large);
  }
  large -= small;
  if (large == 0) {
    return 0;
  }
  uint32_t shift = rom_clz32(large) - 1;
  return pack(sign, exponent - (int32_t)shift, large << shift);
}

float rom_fadd(float a, float b) { return add(bits_of(a), bits_of(b)); }
float rom_fsub(float a, float b) { return add(bits_of(a), bits_of(b) ^ SIGN); }

float rom_fmul(float x, float y) {
  uint32_t a = bits_of(x);
  uint32_t b = bits_of(y);
  uint32_t sign = (a ^ b) & SIGN;
  uint32_t ea = exponent_of(a);
  uint32_t eb = exponent_of(b);
  if (ea == 0xff || eb == 0xff) {
    return from_bits(ea == 0 || eb == 0 ? NOT_A_NUMBER : sign | INFINITE);
  }
  if (ea == 0 || eb == 0) {
    return from_bits(sign);
  }
  /* Leading ones at 30 and 31: their product has its own at 61 or 62. */
  uint64_t product = rom_multiply_wide(magnitude_of(a), magnitude_of(b) << 1);
  uint32_t magnitude = (uint32_t)(product >> 32) | ((uint32_t)product != 0);
  int32_t exponent = (int32_t)(ea + eb) - 127 + 1;
  if (!(magnitude >> 30)) {
    magnitude <<= 1; /* what is lost below is in the sticky bit, now one higher */
    exponent--;
  }
  return pack(sign, exponent, magnitude);
}

float rom_fdiv(float x, float y) {
  uint32_t a = bits_of(x);
  uint32_t b = bits_of(y);
  uint32_t sign = (a ^ b) & SIGN;
  uint32_t ea = exponent_of(a);
  uint32_t eb = exponent_of(b);
  if (ea == 0xff || eb == 0) {
    bool invalid = ea == eb; /* inf / inf, 0 / 0 */
    return from_bits(invalid ? NOT_A_NUMBER : sign | INFINITE);
  }
  if (eb == 0xff || ea == 0) {
    return from_bits(sign);
  }
  int32_t exponent = (int32_t)ea - (int32_t)eb + 127;
  uint32_t remainder = magnitude_of(a) >> 7;
  uint32_t divisor = magnitude_of(b) >> 7;
  if (remainder < divisor) {
    remainder <<= 1;
    exponent--;
  }
  uint32_t quotient = 0;
  for (uint32_t i = 0; i < 26; i++) {
    quotient <<= 1;
    if (remainder >= divisor) {
      remainder -= divisor;
      quotient |= 1;
    }
    remainder <<= 1;
  }
  return pack(sign, exponent, quotient << 5 | (remainder != 0));
}

float rom_fsqrt(float x) {
  uint32_t a = bits_of(x);
  int32_t exponent = (int32_t)exponent_of(a);
  if (exponent == 0) {
    return from_bits(a & SIGN);
  }
  if ((a & SIGN) || exponent == 0xff) {
    return from_bits((a & SIGN) | INFINITE);
  }
  uint32_t rest = magnitude_of(a); /* 2.30, or with an odd exponent twice that */
  exponent -= 127;
  if (exponent & 1) {
    rest <<= 1;
    exponent--;
  }
  uint32_t root = 0;
  uint32_t remainder = 0;
  for (uint32_t i = 0; i < 26; i++) {
    remainder = remainder << 2 | rest >> 30;
    rest <<= 2;
    uint32_t trial = root << 2 | 1;
    root <<= 1;
    if (remainder >= trial) {
      remainder -= trial;
      root |= 1;
    }
  }
  return pack(0, exponent / 2 + 127, root << 5 | (remainder != 0));
}

int32_t rom_fcmp(float x, float y) {
  uint32_t a = bits_of(x);
  uint32_t b = bits_of(y);
  /* Denormals to zero, NaNs to infinities; then the order of sign-magnitude integers. */
  a = exponent_of(a) == 0 ? 0 : exponent_of(a) == 0xff ? (a & SIGN) | INFINITE : a;
  b = exponent_of(b) == 0 ? 0 : exponent_of(b) == 0xff ? (b & SIGN) | INFINITE : b;
  int32_t ia = a & SIGN ? -(int32_t)(a & ~SIGN) : (int32_t)a;
  int32_t ib = b & SIGN ? -(int32_t)(b & ~SIGN) : (int32_t)b;
  return ia < ib ? -1 : ia > ib;
}
