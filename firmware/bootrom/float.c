/*
 * Soft-float tables SF and SD (datasheet 2.8.3.2), all but the transcendental functions. Add to divide are the
 * compiler library's; comparisons, conversions and roots are integer code. As documented for the chip: denormals are
 * zero, a NaN operand is an infinity of its sign, rounding is to nearest even, conversions to integers go toward minus
 * infinity and clamp. Unlike the chip's, an invalid operation (inf - inf, 0 * inf) gives a NaN.
 */
#include <stdbool.h>
#include <stdint.h>

typedef union {
  float f;
  uint32_t u;
} float_bits;
typedef union {
  double d;
  uint64_t u;
} double_bits;

/* Sign, magnitude * 2^exponent. An infinity is a magnitude that no destination can hold. */
struct number {
  uint64_t magnitude;
  int32_t exponent;
  bool negative;
};
#define INFINITE_EXPONENT 4096

static float flush_f(float x) {
  float_bits b = {x};
  uint32_t exponent = (b.u >> 23) & 0xff;
  if (exponent == 0) {
    b.u &= 0x80000000u;
  } else if (exponent == 0xff) {
    b.u &= 0xff800000u;
  }
  return b.f;
}

static double flush_d(double x) {
  double_bits b = {x};
  uint32_t exponent = (uint32_t)(b.u >> 52) & 0x7ff;
  if (exponent == 0) {
    b.u &= 1ull << 63;
  } else if (exponent == 0x7ff) {
    b.u &= 0xfffull << 52;
  }
  return b.d;
}

/* A result may be a NaN, not a denormal. */
static float result_f(float x) {
  float_bits b = {x};
  return ((b.u >> 23) & 0xff) == 0 ? flush_f(x) : x;
}

static double result_d(double x) {
  double_bits b = {x};
  return ((b.u >> 52) & 0x7ff) == 0 ? flush_d(x) : x;
}

static struct number unpack_f(float x) {
  float_bits b = {flush_f(x)};
  int32_t exponent = (int32_t)((b.u >> 23) & 0xff);
  struct number n = {(b.u & 0x7fffffu) | 0x800000u, exponent - 150, b.u >> 31};
  if (exponent == 0) {
    n.magnitude = 0;
  } else if (exponent == 0xff) {
    n.exponent = INFINITE_EXPONENT;
  }
  return n;
}

static struct number unpack_d(double x) {
  double_bits b = {flush_d(x)};
  int32_t exponent = (int32_t)((b.u >> 52) & 0x7ff);
  struct number n = {(b.u & 0xfffffffffffffull) | 0x10000000000000ull, exponent - 1075, b.u >> 63};
  if (exponent == 0) {
    n.magnitude = 0;
  } else if (exponent == 0x7ff) {
    n.exponent = INFINITE_EXPONENT;
  }
  return n;
}

/* Leaves the top bit of a non-zero magnitude set. */
static void normalise(struct number *n) {
  while (!(n->magnitude >> 56)) {
    n->magnitude <<= 8;
    n->exponent -= 8;
  }
  while (!(n->magnitude >> 63)) {
    n->magnitude <<= 1;
    n->exponent -= 1;
  }
}

/* Rounds a normalised magnitude to its top `bits` bits, to nearest even; the result has at most one bit more. */
static uint64_t round_top(uint64_t magnitude, uint32_t bits) {
  uint32_t drop = 64 - bits;
  uint64_t kept = magnitude >> drop;
  uint64_t rest = magnitude << bits;
  const uint64_t half = 1ull << 63;
  return kept + (rest > half || (rest == half && (kept & 1)) ? 1 : 0);
}

static float pack_f(struct number n) {
  float_bits b = {.u = n.negative ? 0x80000000u : 0};
  if (n.magnitude == 0) {
    return b.f;
  }
  normalise(&n);
  int32_t exponent = n.exponent + 63 + 127;
  uint64_t m = round_top(n.magnitude, 24);
  if (m >> 24) {
    m >>= 1;
    exponent++;
  }
  if (exponent >= 0xff) {
    b.u |= 0x7f800000u;
  } else if (exponent > 0) {
    b.u |= ((uint32_t)exponent << 23) | ((uint32_t)m & 0x7fffffu);
  }
  return b.f;
}

static double pack_d(struct number n) {
  double_bits b = {.u = n.negative ? 1ull << 63 : 0};
  if (n.magnitude == 0) {
    return b.d;
  }
  normalise(&n);
  int32_t exponent = n.exponent + 63 + 1023;
  uint64_t m = round_top(n.magnitude, 53);
  if (m >> 53) {
    m >>= 1;
    exponent++;
  }
  if (exponent >= 0x7ff) {
    b.u |= 0x7ffull << 52;
  } else if (exponent > 0) {
    b.u |= ((uint64_t)(uint32_t)exponent << 52) | (m & 0xfffffffffffffull);
  }
  return b.d;
}

/* floor(n), clamped to 0..most for unsigned, -most-1..most for signed destinations. */
static uint64_t to_integer(struct number n, int32_t fraction, uint64_t most, bool is_signed) {
  if (n.negative && !is_signed) {
    return 0;
  }
  uint64_t limit = n.negative ? most + 1 : most;
  int32_t shift = n.exponent + fraction;
  uint64_t value = n.magnitude;
  if (value == 0) {
    return 0;
  }
  if (shift >= 0) {
    value = shift > 63 || (value << shift) >> shift != value ? limit : value << shift;
  } else {
    uint64_t whole = shift < -63 ? 0 : value >> -shift;
    bool rest = shift < -63 || (whole << -shift) != value;
    value = whole + (n.negative && rest ? 1 : 0);
  }
  if (value > limit) {
    value = limit;
  }
  return n.negative ? 0 - value : value;
}

static struct number from_signed(int64_t value, int32_t fraction) {
  bool negative = value < 0;
  return (struct number){negative ? 0 - (uint64_t)value : (uint64_t)value, -fraction, negative};
}

static struct number from_unsigned(uint64_t value, int32_t fraction) {
  return (struct number){value, -fraction, false};
}

/* The root digit by digit, `bits` of them and a last bit that is set when a remainder is left. */
static struct number root(struct number n, uint32_t bits) {
  if (n.magnitude == 0 || n.exponent == INFINITE_EXPONENT) {
    return n;
  }
  normalise(&n);
  if (n.exponent & 1) {
    n.magnitude >>= 1; /* the operand had 53 bits at most: nothing is lost */
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

#define MOST_I32 0x7fffffffull
#define MOST_U32 0xffffffffull
#define MOST_I64 0x7fffffffffffffffull
#define MOST_U64 0xffffffffffffffffull

float rom_fadd(float a, float b) { return result_f(flush_f(a) + flush_f(b)); }
float rom_fsub(float a, float b) { return result_f(flush_f(a) - flush_f(b)); }
float rom_fmul(float a, float b) { return result_f(flush_f(a) * flush_f(b)); }
float rom_fdiv(float a, float b) { return result_f(flush_f(a) / flush_f(b)); }
int32_t rom_fcmp(float a, float b) {
  a = flush_f(a);
  b = flush_f(b);
  return a < b ? -1 : a > b;
}
float rom_fsqrt(float x) {
  struct number n = unpack_f(x);
  if (n.negative && n.magnitude != 0) {
    return pack_f((struct number){1, INFINITE_EXPONENT, true});
  }
  return pack_f(root(n, 26));
}
int32_t rom_float2fix(float x, int32_t fraction) { return (int32_t)to_integer(unpack_f(x), fraction, MOST_I32, true); }
int32_t rom_float2int(float x) { return rom_float2fix(x, 0); }
uint32_t rom_float2ufix(float x, int32_t fraction) {
  return (uint32_t)to_integer(unpack_f(x), fraction, MOST_U32, false);
}
uint32_t rom_float2uint(float x) { return rom_float2ufix(x, 0); }
float rom_fix2float(int32_t v, int32_t fraction) { return pack_f(from_signed(v, fraction)); }
float rom_int2float(int32_t v) { return rom_fix2float(v, 0); }
float rom_ufix2float(uint32_t v, int32_t fraction) { return pack_f(from_unsigned(v, fraction)); }
float rom_uint2float(uint32_t v) { return rom_ufix2float(v, 0); }
float rom_fix642float(int64_t v, int32_t fraction) { return pack_f(from_signed(v, fraction)); }
float rom_int642float(int64_t v) { return rom_fix642float(v, 0); }
float rom_ufix642float(uint64_t v, int32_t fraction) { return pack_f(from_unsigned(v, fraction)); }
float rom_uint642float(uint64_t v) { return rom_ufix642float(v, 0); }
int64_t rom_float2fix64(float x, int32_t fraction) { return (int64_t)to_integer(unpack_f(x), fraction, MOST_I64, true); }
int64_t rom_float2int64(float x) { return rom_float2fix64(x, 0); }
uint64_t rom_float2ufix64(float x, int32_t fraction) { return to_integer(unpack_f(x), fraction, MOST_U64, false); }
uint64_t rom_float2uint64(float x) { return rom_float2ufix64(x, 0); }
double rom_float2double(float x) { return pack_d(unpack_f(x)); }

double rom_dadd(double a, double b) { return result_d(flush_d(a) + flush_d(b)); }
double rom_dsub(double a, double b) { return result_d(flush_d(a) - flush_d(b)); }
double rom_dmul(double a, double b) { return result_d(flush_d(a) * flush_d(b)); }
double rom_ddiv(double a, double b) { return result_d(flush_d(a) / flush_d(b)); }
int32_t rom_dcmp(double a, double b) {
  a = flush_d(a);
  b = flush_d(b);
  return a < b ? -1 : a > b;
}
double rom_dsqrt(double x) {
  struct number n = unpack_d(x);
  if (n.negative && n.magnitude != 0) {
    return pack_d((struct number){1, INFINITE_EXPONENT, true});
  }
  return pack_d(root(n, 55));
}
int32_t rom_double2fix(double x, int32_t fraction) {
  return (int32_t)to_integer(unpack_d(x), fraction, MOST_I32, true);
}
int32_t rom_double2int(double x) { return rom_double2fix(x, 0); }
uint32_t rom_double2ufix(double x, int32_t fraction) {
  return (uint32_t)to_integer(unpack_d(x), fraction, MOST_U32, false);
}
uint32_t rom_double2uint(double x) { return rom_double2ufix(x, 0); }
double rom_fix2double(int32_t v, int32_t fraction) { return pack_d(from_signed(v, fraction)); }
double rom_int2double(int32_t v) { return rom_fix2double(v, 0); }
double rom_ufix2double(uint32_t v, int32_t fraction) { return pack_d(from_unsigned(v, fraction)); }
double rom_uint2double(uint32_t v) { return rom_ufix2double(v, 0); }
double rom_fix642double(int64_t v, int32_t fraction) { return pack_d(from_signed(v, fraction)); }
double rom_int642double(int64_t v) { return rom_fix642double(v, 0); }
double rom_ufix642double(uint64_t v, int32_t fraction) { return pack_d(from_unsigned(v, fraction)); }
double rom_uint642double(uint64_t v) { return rom_ufix642double(v, 0); }
int64_t rom_double2fix64(double x, int32_t fraction) {
  return (int64_t)to_integer(unpack_d(x), fraction, MOST_I64, true);
}
int64_t rom_double2int64(double x) { return rom_double2fix64(x, 0); }
uint64_t rom_double2ufix64(double x, int32_t fraction) { return to_integer(unpack_d(x), fraction, MOST_U64, false); }
uint64_t rom_double2uint64(double x) { return rom_double2ufix64(x, 0); }
float rom_double2float(double x) { return pack_f(unpack_d(x)); }
