#include "number.h"

uint32_t rom_clz32(uint32_t x);

typedef union {
  float f;
  uint32_t u;
} float_bits;
typedef union {
  double d;
  uint64_t u;
} double_bits;

static const struct number nan = {0, NUMBER_INFINITE, false};

static bool is_infinite(struct number n) { return n.exponent == NUMBER_INFINITE && n.magnitude != 0; }
static bool is_nan(struct number n) { return n.exponent == NUMBER_INFINITE && n.magnitude == 0; }
static struct number infinity(bool negative) { return (struct number){1, NUMBER_INFINITE, negative}; }
static struct number zero(bool negative) { return (struct number){0, 0, negative}; }

/* A NaN operand is an infinity of its sign, a denormal one zero. */
struct number number_from_float(float x) {
  float_bits b = {x};
  bool negative = b.u >> 31;
  uint32_t exponent = (b.u >> 23) & 0xff;
  if (exponent == 0) {
    return zero(negative);
  }
  return exponent == 0xff ? infinity(negative)
                          : (struct number){(b.u & 0x7fffffu) | 0x800000u, (int32_t)exponent - 150, negative};
}

struct number number_from_double(double x) {
  double_bits b = {x};
  bool negative = b.u >> 63;
  uint32_t exponent = (uint32_t)(b.u >> 52) & 0x7ff;
  if (exponent == 0) {
    return zero(negative);
  }
  uint64_t magnitude = (b.u & 0xfffffffffffffull) | 0x10000000000000ull;
  return exponent == 0x7ff ? infinity(negative) : (struct number){magnitude, (int32_t)exponent - 1075, negative};
}

struct number number_normalise(struct number n) {
  uint32_t high = (uint32_t)(n.magnitude >> 32);
  uint32_t shift = high ? rom_clz32(high) : 32 + rom_clz32((uint32_t)n.magnitude);
  if (n.magnitude != 0 && n.exponent != NUMBER_INFINITE) {
    n.magnitude <<= shift;
    n.exponent -= (int32_t)shift;
  }
  return n;
}

/*
 * Rounds to `bits` bits, to nearest even, and gives the biased exponent and the fraction without its leading one. A
 * result too small is zero, one too large has the exponent of infinity.
 */
static uint64_t round_to(struct number n, uint32_t bits, int32_t bias, int32_t *exponent) {
  if (n.exponent == NUMBER_INFINITE) {
    *exponent = 2 * bias + 1;
    return n.magnitude == 0 ? 1ull << (bits - 2) : 0;
  }
  n = number_normalise(n);
  uint32_t drop = 64 - bits;
  uint64_t kept = n.magnitude >> drop;
  uint64_t rest = n.magnitude << bits;
  const uint64_t half = 1ull << 63;
  kept += rest > half || (rest == half && (kept & 1));
  *exponent = n.exponent + 63 + bias;
  if (kept >> bits) {
    kept >>= 1;
    *exponent += 1;
  }
  if (kept == 0 || *exponent <= 0) {
    *exponent = 0;
    return 0;
  }
  if (*exponent > 2 * bias) {
    *exponent = 2 * bias + 1;
    return 0;
  }
  return kept & ((1ull << (bits - 1)) - 1);
}

float number_to_float(struct number n) {
  int32_t exponent;
  uint32_t fraction = (uint32_t)round_to(n, 24, 127, &exponent);
  float_bits b = {.u = (uint32_t)n.negative << 31 | (uint32_t)exponent << 23 | fraction};
  return b.f;
}

double number_to_double(struct number n) {
  int32_t exponent;
  uint64_t fraction = round_to(n, 53, 1023, &exponent);
  double_bits b = {.u = (uint64_t)n.negative << 63 | (uint64_t)(uint32_t)exponent << 52 | fraction};
  return b.d;
}

static uint64_t shift_right_sticky(uint64_t value, uint32_t shift) {
  if (shift > 63) {
    return value != 0;
  }
  uint64_t shifted = value >> shift;
  return shifted | ((shifted << shift) != value);
}

struct number number_add(struct number a, struct number b) {
  if (is_nan(a) || is_nan(b)) {
    return nan;
  }
  if (is_infinite(a)) {
    return is_infinite(b) && a.negative != b.negative ? nan : a;
  }
  if (is_infinite(b) || a.magnitude == 0) {
    b.negative = b.negative && (b.magnitude != 0 || a.negative);
    return b;
  }
  if (b.magnitude == 0) {
    return a;
  }
  a = number_normalise(a);
  b = number_normalise(b);
  if (a.exponent < b.exponent || (a.exponent == b.exponent && a.magnitude < b.magnitude)) {
    struct number smaller = a;
    a = b;
    b = smaller;
  }
  uint32_t distance = (uint32_t)(a.exponent - b.exponent);
  if (a.negative == b.negative) {
    /* One bit lower, for the carry. */
    a.magnitude = shift_right_sticky(a.magnitude, 1) + shift_right_sticky(b.magnitude, distance + 1);
    a.exponent++;
    return a;
  }
  a.magnitude -= shift_right_sticky(b.magnitude, distance);
  return a.magnitude == 0 ? zero(false) : a;
}

struct number number_subtract(struct number a, struct number b) {
  b.negative = !b.negative;
  return number_add(a, b);
}

struct number number_multiply(struct number a, struct number b) {
  bool negative = a.negative != b.negative;
  if (a.exponent == NUMBER_INFINITE || b.exponent == NUMBER_INFINITE) {
    return is_nan(a) || is_nan(b) || a.magnitude == 0 || b.magnitude == 0 ? nan : infinity(negative);
  }
  if (a.magnitude == 0 || b.magnitude == 0) {
    return zero(negative);
  }
  a = number_normalise(a);
  b = number_normalise(b);
  uint64_t a0 = (uint32_t)a.magnitude;
  uint64_t a1 = a.magnitude >> 32;
  uint64_t b0 = (uint32_t)b.magnitude;
  uint64_t b1 = b.magnitude >> 32;
  uint64_t low = a0 * b0;
  uint64_t middle = a1 * b0 + (low >> 32);
  uint64_t other = a0 * b1 + (uint32_t)middle;
  uint64_t high = a1 * b1 + (middle >> 32) + (other >> 32);
  bool rest = (uint32_t)low != 0 || (uint32_t)other != 0;
  return (struct number){high | rest, a.exponent + b.exponent + 64, negative};
}

struct number number_divide(struct number a, struct number b, uint32_t bits) {
  bool negative = a.negative != b.negative;
  if (a.exponent == NUMBER_INFINITE || b.exponent == NUMBER_INFINITE) {
    bool invalid = is_nan(a) || is_nan(b) || a.exponent == b.exponent;
    return invalid ? nan : is_infinite(a) ? infinity(negative) : zero(negative);
  }
  if (b.magnitude == 0) {
    return a.magnitude == 0 ? nan : infinity(negative);
  }
  if (a.magnitude == 0) {
    return zero(negative);
  }
  a = number_normalise(a);
  b = number_normalise(b);
  bool lost = a.magnitude & 1;
  uint64_t remainder = a.magnitude >> 1; /* below the divisor */
  uint64_t quotient = 0;
  for (uint32_t i = 0; i < bits; i++) {
    bool carry = remainder >> 63;
    remainder <<= 1;
    quotient <<= 1;
    if (carry || remainder >= b.magnitude) {
      remainder -= b.magnitude;
      quotient |= 1;
    }
  }
  quotient = quotient << 1 | (remainder != 0 || lost);
  return (struct number){quotient, a.exponent - b.exponent - (int32_t)bits, negative};
}

struct number number_root(struct number n, uint32_t bits) {
  if (n.magnitude == 0) {
    return n;
  }
  if (n.negative) {
    return infinity(true);
  }
  if (n.exponent == NUMBER_INFINITE) {
    return n;
  }
  n = number_normalise(n);
  if (n.exponent & 1) {
    n.magnitude >>= 1; /* an operand has 53 bits at most: nothing is lost */
    n.exponent++;
  }
  uint64_t digits = 0;
  uint64_t remainder = 0;
  for (uint32_t i = 0; i < bits; i++) {
    remainder = (remainder << 2) | (n.magnitude >> 62);
    n.magnitude <<= 2;
    uint64_t trial = (digits << 2) | 1;
    digits <<= 1;
    if (remainder >= trial) {
      remainder -= trial;
      digits |= 1;
    }
  }
  int32_t exponent = n.exponent / 2 + 32 - (int32_t)bits;
  return (struct number){(digits << 1) | (remainder != 0 || n.magnitude != 0), exponent - 1, false};
}

uint64_t number_to_integer(struct number n, int32_t fraction, uint64_t most, bool is_signed) {
  if (n.magnitude == 0 || (n.negative && !is_signed)) {
    return 0;
  }
  uint64_t limit = n.negative ? most + 1 : most;
  int32_t shift = n.exponent + fraction;
  uint64_t value;
  if (shift >= 0) {
    value = shift > 63 || (n.magnitude << shift) >> shift != n.magnitude ? limit : n.magnitude << shift;
  } else {
    value = shift < -63 ? 0 : n.magnitude >> -shift;
    bool rest = shift < -63 || (value << -shift) != n.magnitude;
    value += n.negative && rest;
  }
  if (value > limit) {
    value = limit;
  }
  return n.negative ? 0 - value : value;
}

struct number number_from_signed(int64_t value, int32_t fraction) {
  bool negative = value < 0;
  return (struct number){negative ? 0 - (uint64_t)value : (uint64_t)value, -fraction, negative};
}

struct number number_from_unsigned(uint64_t value, int32_t fraction) { return (struct number){value, -fraction, false}; }
