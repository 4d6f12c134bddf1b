/*
 * cos, sin, tan, sincos, exp, ln and atan2 of the soft-float tables, by range reduction and a power series in 64-bit
 * arithmetic (number.h); the float versions stop the series earlier. Within one unit in the last place.
 *
 * The constants are exact values rounded to 64 bits; pi/2 and ln 2 in three parts of which the first two have 50 bits,
 * so that their products with the integers of a range reduction are exact.
 */
#include "number.h"

/* 1 / n!, n = 1..21 */
static const struct number inverse_factorial[] = {
    {0x8000000000000000u, -63, false},
    {0x8000000000000000u, -64, false},
    {0xaaaaaaaaaaaaaaabu, -66, false},
    {0xaaaaaaaaaaaaaaabu, -68, false},
    {0x8888888888888889u, -70, false},
    {0xb60b60b60b60b60bu, -73, false},
    {0xd00d00d00d00d00du, -76, false},
    {0xd00d00d00d00d00du, -79, false},
    {0xb8ef1d2ab6399c7du, -82, false},
    {0x93f27dbbc4fae397u, -85, false},
    {0xd7322b3faa271c7fu, -89, false},
    {0x8f76c77fc6c4bdaau, -92, false},
    {0xb092309d43684be5u, -96, false},
    {0xc9cba54603e4e906u, -100, false},
    {0xd73f9f399dc0f88fu, -104, false},
    {0xd73f9f399dc0f88fu, -108, false},
    {0xca963b81856a5359u, -112, false},
    {0xb413c31dcbecbbdeu, -116, false},
    {0x97a4da340a0ab926u, -120, false},
    {0xf2a15d201011283du, -125, false},
    {0xb8dc77b6e7ab8c5fu, -129, false},
};

/* 1 / (2 n + 1), n = 0..13 */
static const struct number inverse_odd[] = {
    {0x8000000000000000u, -63, false},
    {0xaaaaaaaaaaaaaaabu, -65, false},
    {0xcccccccccccccccdu, -66, false},
    {0x9249249249249249u, -66, false},
    {0xe38e38e38e38e38eu, -67, false},
    {0xba2e8ba2e8ba2e8cu, -67, false},
    {0x9d89d89d89d89d8au, -67, false},
    {0x8888888888888889u, -67, false},
    {0xf0f0f0f0f0f0f0f1u, -68, false},
    {0xd79435e50d79435eu, -68, false},
    {0xc30c30c30c30c30cu, -68, false},
    {0xb21642c8590b2164u, -68, false},
    {0xa3d70a3d70a3d70au, -68, false},
    {0x97b425ed097b425fu, -68, false},
};

/* atan(n / 8), n = 1..8 */
static const struct number arctangent[] = {
    {0xfeadd4d5617b6e33u, -67, false},
    {0xfadbafc96406eb15u, -66, false},
    {0xb7b0ca0f26f78474u, -65, false},
    {0xed63382b0dda7b45u, -65, false},
    {0x8f005d5ef7f59f9bu, -64, false},
    {0xa4bc7d1934f70924u, -64, false},
    {0xb8053e2bc2319e74u, -64, false},
    {0xc90fdaa22168c235u, -64, false},
};

static const struct number half_pi[] = {
    {0xc90fdaa22168c000u, -63, false},
    {0x8d313198a2e00000u, -117, false},
    {0xdc1cd129024e088au, -167, false},
};
static const struct number ln_2[] = {
    {0xb17217f7d1cf4000u, -64, false},
    {0xe6af278ece600000u, -114, false},
    {0xfcbdabd03cd0c99du, -166, false},
};
static const struct number two_over_pi = {0xa2f9836e4e44152au, -64, false};
static const struct number one_over_ln_2 = {0xb8aa3b295c17f0bcu, -63, false};
static const struct number pi = {0xc90fdaa22168c235u, -62, false};
static const struct number quarter_turn = {0xc90fdaa22168c235u, -63, false};
static const struct number one = {1ull << 63, -63, false};
#define ROOT_2 0xb504f333f9de6485u

/* How far the series go: index of the last term; parts of a constant in a reduction; digits of quotients. */
struct precision {
  uint8_t sine, cosine, exponential, logarithm, arctangent, parts, digits;
};
static const struct precision for_float = {10, 11, 10, 6, 4, 2, 32};
static const struct precision for_double = {18, 19, 17, 13, 8, 3, 62};

/* What a result is when no number stands for it. */
enum special { FINITE, PLUS_INFINITY, NOT_A_NUMBER };

/* to = c[first] +- x (c[first + stride] +- x (... c[last])) */
static void series(struct number *to, const struct number *c, uint32_t first, uint32_t last, uint32_t stride,
                   const struct number *x, bool alternate) {
  struct number sum = c[last];
  struct number factor = *x;
  factor.negative = factor.negative != alternate;
  for (uint32_t i = last; i > first; i -= stride) {
    number_multiply(&sum, &factor, &sum);
    number_add(&sum, &c[i - stride], &sum);
  }
  *to = sum;
}

/* x -= k * (the constant in parts) */
static void reduce(struct number *x, int32_t k, const struct number constant[3], uint32_t parts) {
  struct number multiple, product;
  number_from_signed(&multiple, k, 0);
  for (uint32_t i = 0; i < parts; i++) {
    number_multiply(&product, &multiple, &constant[i]);
    number_subtract(x, x, &product);
  }
}

/* The integer nearest to x * factor. */
static int32_t nearest_multiple(const struct number *x, const struct number *factor) {
  struct number product;
  number_multiply(&product, x, factor);
  return ((int32_t)number_to_integer(&product, 1, 0x7ffffffeu, true) + 1) >> 1;
}

/* The sine (quarters 0) of x, or that of x plus so many quarter turns: 1 gives the cosine. */
static void circular(struct number *to, const struct number *x, uint32_t quarters, const struct precision *precision) {
  int32_t k = nearest_multiple(x, &two_over_pi);
  struct number r = *x;
  struct number square;
  reduce(&r, k, half_pi, precision->parts);
  number_multiply(&square, &r, &r);
  quarters += (uint32_t)k;
  if (quarters & 1) {
    series(to, inverse_factorial, 1, precision->cosine, 2, &square, true);
    number_multiply(to, &square, to);
    number_subtract(to, &one, to);
  } else {
    series(to, inverse_factorial, 0, precision->sine, 2, &square, true);
    number_multiply(to, &r, to);
  }
  to->negative = to->negative != ((quarters & 2) != 0);
}

static void tangent(struct number *to, const struct number *x, const struct precision *precision) {
  struct number cosine;
  circular(to, x, 0, precision);
  circular(&cosine, x, 1, precision);
  number_divide(to, to, &cosine, precision->digits);
}

/* The exponent of a result too large or too small is left to the conversion. */
static void exponential(struct number *to, const struct number *x, const struct precision *precision) {
  if (x->magnitude != 0 && x->exponent > 12 - 64) {
    *to = one;
    to->exponent = x->negative ? -NUMBER_INFINITE : NUMBER_INFINITE;
    return;
  }
  int32_t k = nearest_multiple(x, &one_over_ln_2);
  struct number r = *x;
  reduce(&r, k, ln_2, precision->parts);
  series(to, inverse_factorial, 0, precision->exponential, 1, &r, false);
  number_multiply(to, &r, to);
  number_add(to, &one, to);
  to->exponent += k;
}

static enum special logarithm(struct number *to, const struct number *x, const struct precision *precision) {
  if (x->magnitude == 0) {
    *to = one;
    to->negative = true;
    to->exponent = NUMBER_INFINITE;
    return FINITE;
  }
  if (x->negative) {
    return NOT_A_NUMBER;
  }
  if (x->exponent == NUMBER_INFINITE) {
    return PLUS_INFINITY;
  }
  int32_t k = x->exponent + 63 + (x->magnitude > ROOT_2);
  struct number m = *x;
  struct number sum, s;
  m.exponent -= k; /* sqrt(1/2) < m <= sqrt(2) */
  number_subtract(&s, &m, &one);
  number_add(&sum, &m, &one);
  number_divide(&s, &s, &sum, precision->digits);
  number_multiply(&m, &s, &s);
  series(to, inverse_odd, 0, precision->logarithm, 1, &m, false);
  number_multiply(to, &s, to);
  to->exponent++;
  reduce(to, -k, ln_2, precision->parts);
  return FINITE;
}

/* 0 <= z <= 1: the nearest n / 8 is taken off first, so that the series has |z| <= 1/16. */
static void arc(struct number *to, struct number *z, const struct precision *precision) {
  uint32_t n = ((uint32_t)number_to_integer(z, 4, 32, false) + 1) >> 1;
  struct number square;
  if (n > 0) {
    struct number c, divisor;
    number_from_unsigned(&c, n, 3);
    number_multiply(&divisor, z, &c);
    number_add(&divisor, &one, &divisor);
    number_subtract(z, z, &c);
    number_divide(z, z, &divisor, precision->digits);
  }
  number_multiply(&square, z, z);
  series(to, inverse_odd, 0, precision->arctangent, 1, &square, true);
  number_multiply(to, z, to);
  if (n > 0) {
    number_add(to, &arctangent[n - 1], to);
  }
}

/* Beside an infinite coordinate a finite one is nothing; two infinite ones are like each other. */
static void flatten(struct number *n) {
  if (n->exponent == NUMBER_INFINITE) {
    *n = one;
  } else {
    n->magnitude = 0;
  }
}

static void angle(struct number *to, const struct number *y, const struct number *x, const struct precision *precision) {
  struct number a = *y;
  struct number b = *x;
  if (y->exponent == NUMBER_INFINITE || x->exponent == NUMBER_INFINITE) {
    flatten(&a);
    flatten(&b);
  }
  a.negative = b.negative = false;
  *to = a;
  if (a.magnitude != 0) {
    struct number excess;
    number_subtract(&excess, &a, &b);
    bool steep = excess.magnitude != 0 && !excess.negative;
    number_divide(&a, steep ? &b : &a, steep ? to : &b, precision->digits);
    arc(to, &a, precision);
    if (steep) {
      number_subtract(to, &quarter_turn, to);
    }
  }
  if (x->negative) {
    number_subtract(to, &pi, to);
  }
  to->negative = to->negative != y->negative;
}

#define FLOAT_NAN 0x7fc00000u
#define DOUBLE_NAN (0xfffull << 51)

typedef union {
  float f;
  uint32_t u;
} float_bits;
typedef union {
  double d;
  uint64_t u;
} double_bits;

static float to_float(const struct number *n, enum special special) {
  if (special == FINITE) {
    return number_to_float(n);
  }
  return ((float_bits){.u = special == NOT_A_NUMBER ? FLOAT_NAN : 0xffu << 23}).f;
}

static double to_double(const struct number *n, enum special special) {
  if (special == FINITE) {
    return number_to_double(n);
  }
  return ((double_bits){.u = special == NOT_A_NUMBER ? DOUBLE_NAN : 0x7ffull << 52}).d;
}

/* An angle without end has no sine. */
static enum special load_angle_f(struct number *n, float x) {
  number_from_float(n, x);
  return n->exponent == NUMBER_INFINITE ? NOT_A_NUMBER : FINITE;
}

static enum special load_angle_d(struct number *n, double x) {
  number_from_double(n, x);
  return n->exponent == NUMBER_INFINITE ? NOT_A_NUMBER : FINITE;
}

static float circular_f(float x, uint32_t quarters) {
  struct number n, result;
  enum special special = load_angle_f(&n, x);
  if (special == FINITE) {
    circular(&result, &n, quarters, &for_float);
  }
  return to_float(&result, special);
}

static double circular_d(double x, uint32_t quarters) {
  struct number n, result;
  enum special special = load_angle_d(&n, x);
  if (special == FINITE) {
    circular(&result, &n, quarters, &for_double);
  }
  return to_double(&result, special);
}

/* Sine in r0, cosine in r1: the SDK's sincosf relies on both from the entry for sine. */
uint64_t rom_fsincos(float x) {
  float_bits sine = {.f = circular_f(x, 0)};
  float_bits cosine = {.f = circular_f(x, 1)};
  return (uint64_t)cosine.u << 32 | sine.u;
}
float rom_fcos(float x) { return circular_f(x, 1); }

float rom_ftan(float x) {
  struct number n, result;
  enum special special = load_angle_f(&n, x);
  if (special == FINITE) {
    tangent(&result, &n, &for_float);
  }
  return to_float(&result, special);
}

float rom_fexp(float x) {
  struct number n, result;
  number_from_float(&n, x);
  exponential(&result, &n, &for_float);
  return number_to_float(&result);
}

float rom_fln(float x) {
  struct number n, result;
  number_from_float(&n, x);
  enum special special = logarithm(&result, &n, &for_float);
  return to_float(&result, special);
}

float rom_fatan2(float y, float x) {
  struct number a, b, result;
  number_from_float(&a, y);
  number_from_float(&b, x);
  angle(&result, &a, &b, &for_float);
  return number_to_float(&result);
}

double rom_dsin(double x) { return circular_d(x, 0); }
double rom_dcos(double x) { return circular_d(x, 1); }

/* For rom_dsincos (float_tables.S), which returns four registers. */
void rom_dsincos_to(double x, double results[2]) {
  results[0] = circular_d(x, 0);
  results[1] = circular_d(x, 1);
}

double rom_dtan(double x) {
  struct number n, result;
  enum special special = load_angle_d(&n, x);
  if (special == FINITE) {
    tangent(&result, &n, &for_double);
  }
  return to_double(&result, special);
}

double rom_dexp(double x) {
  struct number n, result;
  number_from_double(&n, x);
  exponential(&result, &n, &for_double);
  return number_to_double(&result);
}

double rom_dln(double x) {
  struct number n, result;
  number_from_double(&n, x);
  enum special special = logarithm(&result, &n, &for_double);
  return to_double(&result, special);
}

double rom_datan2(double y, double x) {
  struct number a, b, result;
  number_from_double(&a, y);
  number_from_double(&b, x);
  angle(&result, &a, &b, &for_double);
  return number_to_double(&result);
}
