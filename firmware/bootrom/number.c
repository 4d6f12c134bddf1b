#include "number.h"

#include "wide.h"

typedef union {
  float f;
  uint32_t u;
} float_bits;
typedef union {
  double d;
  uint64_t u;
} double_bits;

static inline void set(struct number *to, uint64_t magnitude, int32_t exponent, bool negative) {
  if (magnitude != 0) {
    uint32_t shift = clz64(magnitude);
    magnitude <<= shift;
    exponent -= (int32_t)shift;
  }
  to->magnitude = magnitude;
  to->exponent = exponent;
  to->negative = negative;
}

void number_from_float(struct number *to, float x) {
  float_bits b = {x};
  int32_t exponent = (int32_t)(b.u >> 23 & 0xff);
  to->negative = b.u >> 31;
  to->magnitude = exponent == 0 ? 0 : (uint64_t)((b.u & 0x7fffffu) << 8 | 0x80000000u) << 32;
  to->exponent = exponent == 0xff ? NUMBER_INFINITE : exponent - 127 - 63;
}

void number_from_double(struct number *to, double x) {
  double_bits b = {x};
  int32_t exponent = (int32_t)((uint32_t)(b.u >> 32) >> 20 & 0x7ff);
  to->negative = b.u >> 63;
  to->magnitude = exponent == 0 ? 0 : b.u << 11 | 1ull << 63;
  to->exponent = exponent == 0x7ff ? NUMBER_INFINITE : exponent - 1023 - 63;
}

void number_from_unsigned(struct number *to, uint64_t value, int32_t fraction) { set(to, value, -fraction, false); }

void number_from_signed(struct number *to, int64_t value, int32_t fraction) {
  set(to, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, -fraction, value < 0);
}

/*
 * Rounds to `bits` bits, to nearest even. Gives the fraction without its leading one, and the biased exponent: 0 for a
 * result that is zero or too small, 2 bias + 1 for one too large.
 */
static inline uint64_t round_to(const struct number *n, uint32_t bits, int32_t bias, int32_t *exponent) {
  uint32_t drop = 64 - bits;
  uint64_t kept = n->magnitude >> drop;
  uint64_t rest = n->magnitude << bits;
  const uint64_t half = 1ull << 63;
  kept += rest > half || (rest == half && (kept & 1));
  *exponent = n->exponent + 63 + bias;
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

float number_to_float(const struct number *n) {
  int32_t exponent;
  uint32_t fraction = (uint32_t)round_to(n, 24, 127, &exponent);
  float_bits b = {.u = (uint32_t)n->negative << 31 | (uint32_t)exponent << 23 | fraction};
  return b.f;
}

double number_to_double(const struct number *n) {
  int32_t exponent;
  uint64_t fraction = round_to(n, 53, 1023, &exponent);
  double_bits b = {.u = (uint64_t)n->negative << 63 | (uint64_t)(uint32_t)exponent << 52 | fraction};
  return b.d;
}

uint64_t number_to_integer(const struct number *n, int32_t fraction, uint64_t most, bool is_signed) {
  if (n->magnitude == 0 || (n->negative && !is_signed)) {
    return 0;
  }
  uint64_t limit = n->negative ? most + 1 : most;
  int32_t shift = n->exponent + fraction;
  if (shift > 0) {
    return n->negative ? 0 - limit : limit;
  }
  uint64_t value = shift < -63 ? 0 : n->magnitude >> -shift;
  bool rest = shift < -63 || value << -shift != n->magnitude;
  value += n->negative && rest;
  if (value > limit) {
    value = limit;
  }
  return n->negative ? 0 - value : value;
}

static void add(struct number *to, const struct number *a, const struct number *b, bool b_negative) {
  if (b->magnitude == 0) {
    *to = *a;
    return;
  }
  if (a->magnitude == 0) {
    *to = *b;
    to->negative = b_negative;
    return;
  }
  bool negative = a->negative;
  bool opposite = a->negative != b_negative;
  if (a->exponent < b->exponent || (a->exponent == b->exponent && a->magnitude < b->magnitude)) {
    const struct number *smaller = a;
    a = b;
    b = smaller;
    negative = b_negative;
  }
  uint64_t small = shift_right_sticky(b->magnitude, (uint32_t)(a->exponent - b->exponent));
  if (opposite) {
    set(to, a->magnitude - small, a->exponent, negative);
    return;
  }
  uint64_t sum = a->magnitude + small;
  bool carry = sum < small;
  to->magnitude = carry ? 1ull << 63 | sum >> 1 | (sum & 1) : sum;
  to->exponent = a->exponent + carry;
  to->negative = negative;
}

void number_add(struct number *to, const struct number *a, const struct number *b) { add(to, a, b, b->negative); }
void number_subtract(struct number *to, const struct number *a, const struct number *b) {
  add(to, a, b, !b->negative);
}

void number_multiply(struct number *to, const struct number *a, const struct number *b) {
  bool negative = a->negative != b->negative;
  int32_t exponent = a->exponent + b->exponent + 64;
  uint64_t product = a->magnitude == 0 || b->magnitude == 0 ? 0 : multiply_high_sticky(a->magnitude, b->magnitude);
  if (product != 0 && !(product >> 63)) {
    product <<= 1;
    exponent--;
  }
  to->magnitude = product;
  to->exponent = exponent;
  to->negative = negative;
}

void number_divide(struct number *to, const struct number *a, const struct number *b, uint32_t bits) {
  uint64_t remainder = a->magnitude >> 1; /* below the divisor */
  uint64_t divisor = b->magnitude;
  uint64_t quotient = 0;
  for (uint32_t i = 0; i < bits; i++) {
    bool carry = remainder >> 63;
    remainder <<= 1;
    quotient <<= 1;
    if (carry || remainder >= divisor) {
      remainder -= divisor;
      quotient |= 1;
    }
  }
  quotient = quotient << 1 | (remainder != 0);
  set(to, quotient, a->exponent - b->exponent - (int32_t)bits, a->negative != b->negative);
}
