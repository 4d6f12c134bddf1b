/*
 * double: as single.c. Inside, a magnitude has its leading one at bit 62: 53 bits of result and 10 to round by.
 */
#include <stdbool.h>
#include <stdint.h>

#include "wide.h"

typedef union {
  double d;
  uint64_t u;
} double_bits;

#define SIGN (1ull << 63)
#define INFINITE (0x7ffull << 52)
#define NOT_A_NUMBER (0xfffull << 51)
#define FRACTION ((1ull << 52) - 1)

static inline uint64_t bits_of(double x) { return ((double_bits){.d = x}).u; }
static inline double from_bits(uint64_t u) { return ((double_bits){.u = u}).d; }
static inline uint32_t exponent_of(uint64_t u) { return (uint32_t)(u >> 32) >> 20 & 0x7ff; }
static inline uint64_t magnitude_of(uint64_t u) { return ((u & FRACTION) | 1ull << 52) << 10; }

static double pack(uint64_t sign, int32_t exponent, uint64_t magnitude) {
  magnitude = (magnitude + 0x1ffu + (magnitude >> 10 & 1)) >> 10;
  if (magnitude >> 53) {
    magnitude >>= 1;
    exponent++;
  }
  if (exponent <= 0) {
    return from_bits(sign);
  }
  return from_bits(sign | (exponent >= 0x7ff ? INFINITE : (uint64_t)(uint32_t)exponent << 52 | (magnitude & FRACTION)));
}

static double add(uint64_t a, uint64_t b) {
  if ((a & ~SIGN) < (b & ~SIGN)) {
    uint64_t smaller = a;
    a = b;
    b = smaller;
  }
  int32_t exponent = (int32_t)exponent_of(a);
  if (exponent == 0x7ff) {
    bool opposite = exponent_of(b) == 0x7ff && ((a ^ b) & SIGN);
    return from_bits(opposite ? NOT_A_NUMBER : (a & SIGN) | INFINITE);
  }
  if (exponent_of(b) == 0) {
    return from_bits(exponent == 0 ? a & b & SIGN : a);
  }
  uint64_t sign = a & SIGN;
  uint64_t large = magnitude_of(a);
  uint64_t small = shift_right_sticky(magnitude_of(b), (uint32_t)exponent - exponent_of(b));
  if (!((a ^ b) & SIGN)) {
    large += small;
    if (large >> 63) {
      large = large >> 1 | (large & 1);
      exponent++;
    }
    return pack(sign, exponent, large);
  }
  large -= small;
  if (large == 0) {
    return 0;
  }
  uint32_t shift = clz64(large) - 1;
  return pack(sign, exponent - (int32_t)shift, large << shift);
}

double rom_dadd(double a, double b) { return add(bits_of(a), bits_of(b)); }
double rom_dsub(double a, double b) { return add(bits_of(a), bits_of(b) ^ SIGN); }

double rom_dmul(double x, double y) {
  uint64_t a = bits_of(x);
  uint64_t b = bits_of(y);
  uint64_t sign = (a ^ b) & SIGN;
  uint32_t ea = exponent_of(a);
  uint32_t eb = exponent_of(b);
  if (ea == 0x7ff || eb == 0x7ff) {
    return from_bits(ea == 0 || eb == 0 ? NOT_A_NUMBER : sign | INFINITE);
  }
  if (ea == 0 || eb == 0) {
    return from_bits(sign);
  }
  /* Leading ones at 62 and 63: the product's upper half has its own at 61 or 62. */
  uint64_t magnitude = multiply_high_sticky(magnitude_of(a), magnitude_of(b) << 1);
  int32_t exponent = (int32_t)(ea + eb) - 1023 + 1;
  if (!(magnitude >> 62)) {
    magnitude = (magnitude & ~1ull) << 1 | (magnitude & 1);
    exponent--;
  }
  return pack(sign, exponent, magnitude);
}

double rom_ddiv(double x, double y) {
  uint64_t a = bits_of(x);
  uint64_t b = bits_of(y);
  uint64_t sign = (a ^ b) & SIGN;
  uint32_t ea = exponent_of(a);
  uint32_t eb = exponent_of(b);
  if (ea == 0x7ff || eb == 0) {
    bool invalid = ea == eb; /* inf / inf, 0 / 0 */
    return from_bits(invalid ? NOT_A_NUMBER : sign | INFINITE);
  }
  if (eb == 0x7ff || ea == 0) {
    return from_bits(sign);
  }
  int32_t exponent = (int32_t)ea - (int32_t)eb + 1023;
  uint64_t remainder = (a & FRACTION) | 1ull << 52;
  uint64_t divisor = (b & FRACTION) | 1ull << 52;
  if (remainder < divisor) {
    remainder <<= 1;
    exponent--;
  }
  uint64_t quotient = 0;
  for (uint32_t i = 0; i < 55; i++) {
    quotient <<= 1;
    if (remainder >= divisor) {
      remainder -= divisor;
      quotient |= 1;
    }
    remainder <<= 1;
  }
  return pack(sign, exponent, quotient << 8 | (remainder != 0));
}

double rom_dsqrt(double x) {
  uint64_t a = bits_of(x);
  int32_t exponent = (int32_t)exponent_of(a);
  if (exponent == 0) {
    return from_bits(a & SIGN);
  }
  if ((a & SIGN) || exponent == 0x7ff) {
    return from_bits((a & SIGN) | INFINITE);
  }
  uint64_t rest = magnitude_of(a);
  exponent -= 1023;
  if (exponent & 1) {
    rest <<= 1;
    exponent--;
  }
  uint64_t root = 0;
  uint64_t remainder = 0;
  for (uint32_t i = 0; i < 55; i++) {
    remainder = remainder << 2 | rest >> 62;
    rest <<= 2;
    uint64_t trial = root << 2 | 1;
    root <<= 1;
    if (remainder >= trial) {
      remainder -= trial;
      root |= 1;
    }
  }
  return pack(0, exponent / 2 + 1023, root << 8 | (remainder != 0));
}

int32_t rom_dcmp(double x, double y) {
  uint64_t a = bits_of(x);
  uint64_t b = bits_of(y);
  a = exponent_of(a) == 0 ? 0 : exponent_of(a) == 0x7ff ? (a & SIGN) | INFINITE : a;
  b = exponent_of(b) == 0 ? 0 : exponent_of(b) == 0x7ff ? (b & SIGN) | INFINITE : b;
  int64_t ia = a & SIGN ? -(int64_t)(a & ~SIGN) : (int64_t)a;
  int64_t ib = b & SIGN ? -(int64_t)(b & ~SIGN) : (int64_t)b;
  return ia < ib ? -1 : ia > ib;
}
