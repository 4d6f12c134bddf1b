/*
 * cos, sin, tan, sincos, exp, ln and atan2 of the soft-float tables, by range reduction and a power series in 64-bit
 * arithmetic (number.h); the float versions stop the series earlier. Within one unit in the last place.
 *
 * The constants are exact values rounded to 64 bits; pi/2 and ln 2 in three parts of which the first two have 50 bits,
 * so that their products with the integers of a range reduction are exact.
 */
#include "number.h"

struct constant {
  uint64_t magnitude;
  int32_t exponent;
};

/* 1 / n!, n = 1..21 */
static const struct constant inverse_factorial[] = {
    {0x8000000000000000u, -63},
    {0x8000000000000000u, -64},
    {0xaaaaaaaaaaaaaaabu, -66},
    {0xaaaaaaaaaaaaaaabu, -68},
    {0x8888888888888889u, -70},
    {0xb60b60b60b60b60bu, -73},
    {0xd00d00d00d00d00du, -76},
    {0xd00d00d00d00d00du, -79},
    {0xb8ef1d2ab6399c7du, -82},
    {0x93f27dbbc4fae397u, -85},
    {0xd7322b3faa271c7fu, -89},
    {0x8f76c77fc6c4bdaau, -92},
    {0xb092309d43684be5u, -96},
    {0xc9cba54603e4e906u, -100},
    {0xd73f9f399dc0f88fu, -104},
    {0xd73f9f399dc0f88fu, -108},
    {0xca963b81856a5359u, -112},
    {0xb413c31dcbecbbdeu, -116},
    {0x97a4da340a0ab926u, -120},
    {0xf2a15d201011283du, -125},
    {0xb8dc77b6e7ab8c5fu, -129},
};

/* 1 / (2 n + 1), n = 0..13 */
static const struct constant inverse_odd[] = {
    {0x8000000000000000u, -63},
    {0xaaaaaaaaaaaaaaabu, -65},
    {0xcccccccccccccccdu, -66},
    {0x9249249249249249u, -66},
    {0xe38e38e38e38e38eu, -67},
    {0xba2e8ba2e8ba2e8cu, -67},
    {0x9d89d89d89d89d8au, -67},
    {0x8888888888888889u, -67},
    {0xf0f0f0f0f0f0f0f1u, -68},
    {0xd79435e50d79435eu, -68},
    {0xc30c30c30c30c30cu, -68},
    {0xb21642c8590b2164u, -68},
    {0xa3d70a3d70a3d70au, -68},
    {0x97b425ed097b425fu, -68},
};

/* atan(n / 8), n = 1..8 */
static const struct constant arctangent[] = {
    {0xfeadd4d5617b6e33u, -67},
    {0xfadbafc96406eb15u, -66},
    {0xb7b0ca0f26f78474u, -65},
    {0xed63382b0dda7b45u, -65},
    {0x8f005d5ef7f59f9bu, -64},
    {0xa4bc7d1934f70924u, -64},
    {0xb8053e2bc2319e74u, -64},
    {0xc90fdaa22168c235u, -64},
};
static const struct constant half_pi[] = {
    {0xc90fdaa22168c000u, -63},
    {0x8d313198a2e00000u, -117},
    {0xdc1cd129024e088au, -167},
};
static const struct constant ln_2[] = {
    {0xb17217f7d1cf4000u, -64},
    {0xe6af278ece600000u, -114},
    {0xfcbdabd03cd0c99du, -166},
};
static const struct constant two_over_pi = {0xa2f9836e4e44152au, -64};
static const struct constant one_over_ln_2 = {0xb8aa3b295c17f0bcu, -63};
static const struct constant pi = {0xc90fdaa22168c235u, -62};
static const struct constant quarter_turn = {0xc90fdaa22168c235u, -63};
#define ROOT_2 0xb504f333f9de6485u

/* How far the series go: index of the last term, and digits of quotients. */
struct precision {
  uint8_t sine, cosine, exponential, logarithm, arctangent, digits;
};
static const struct precision for_float = {10, 11, 10, 6, 4, 32};
static const struct precision for_double = {18, 19, 17, 13, 8, 63};

static struct number load(const struct constant *c) { return (struct number){c->magnitude, c->exponent, false}; }
static struct number negated_if(struct number n, bool negate) {
  n.negative = n.negative != negate;
  return n;
}
static struct number integer(int32_t value) { return number_from_signed(value, 0); }

/* c[first] +- x (c[first + stride] +- x (... c[last])) */
static struct number series(const struct constant *c, uint32_t first, uint32_t last, uint32_t stride, struct number x,
                            bool alternate) {
  struct number sum = load(&c[last]);
  x = negated_if(x, alternate);
  for (uint32_t i = last; i > first; i -= stride) {
    sum = number_add(load(&c[i - stride]), number_multiply(x, sum));
  }
  return sum;
}

/* x - k * (the constant in three parts) */
static struct number reduce(struct number x, int32_t k, const struct constant parts[3]) {
  for (uint32_t i = 0; i < 3; i++) {
    x = number_subtract(x, number_multiply(integer(k), load(&parts[i])));
  }
  return x;
}

/* The integer nearest to x * factor. */
static int32_t nearest_multiple(struct number x, const struct constant *factor) {
  struct number product = number_multiply(x, load(factor));
  return ((int32_t)number_to_integer(product, 1, 0x7ffffffeu, true) + 1) >> 1;
}

struct circular {
  struct number sine, cosine;
};

static struct circular circular(struct number x, const struct precision *precision) {
  int32_t quarters = nearest_multiple(x, &two_over_pi);
  struct number r = reduce(x, quarters, half_pi);
  struct number square = number_multiply(r, r);
  struct number sine = number_multiply(r, series(inverse_factorial, 0, precision->sine, 2, square, true));
  struct number cosine = number_subtract(
      integer(1), number_multiply(square, series(inverse_factorial, 1, precision->cosine, 2, square, true)));
  bool swap = quarters & 1;
  return (struct circular){negated_if(swap ? cosine : sine, quarters & 2),
                           negated_if(swap ? sine : cosine, (quarters + 1) & 2)};
}

static struct number tangent(struct number x, const struct precision *precision) {
  struct circular c = circular(x, precision);
  return number_divide(c.sine, c.cosine, precision->digits);
}

static struct number exponential(struct number x, const struct precision *precision) {
  if (x.exponent == NUMBER_INFINITE || number_normalise(x).exponent > 11 - 64) {
    return (struct number){!x.negative, NUMBER_INFINITE * !x.negative, false}; /* infinity or 0 */
  }
  int32_t k = nearest_multiple(x, &one_over_ln_2);
  struct number r = reduce(x, k, ln_2);
  struct number power = series(inverse_factorial, 0, precision->exponential, 1, r, false);
  power = number_add(integer(1), number_multiply(r, power));
  power.exponent += k;
  return power;
}

static struct number logarithm(struct number x, const struct precision *precision) {
  if (x.magnitude == 0) {
    return (struct number){1, NUMBER_INFINITE, true};
  }
  if (x.negative) {
    return (struct number){0, NUMBER_INFINITE, false};
  }
  if (x.exponent == NUMBER_INFINITE) {
    return x;
  }
  x = number_normalise(x);
  int32_t k = x.exponent + 63 + (x.magnitude > ROOT_2);
  x.exponent -= k; /* sqrt(1/2) < x <= sqrt(2) */
  struct number s = number_divide(number_subtract(x, integer(1)), number_add(x, integer(1)), precision->digits);
  struct number sum = number_multiply(s, series(inverse_odd, 0, precision->logarithm, 1, number_multiply(s, s), false));
  sum.exponent += sum.magnitude != 0;
  return reduce(sum, -k, ln_2);
}

/* 0 <= z <= 1: the nearest n / 8 is taken off first, so that the series has |z| <= 1/16. */
static struct number arc(struct number z, const struct precision *precision) {
  uint32_t n = ((uint32_t)number_to_integer(z, 4, 32, false) + 1) >> 1;
  struct number base = {0, 0, false};
  if (n > 0) {
    struct number c = number_from_unsigned(n, 3);
    z = number_divide(number_subtract(z, c), number_add(integer(1), number_multiply(z, c)), precision->digits);
    base = load(&arctangent[n - 1]);
  }
  struct number square = number_multiply(z, z);
  return number_add(base, number_multiply(z, series(inverse_odd, 0, precision->arctangent, 1, square, true)));
}

/* An infinite coordinate is like 1 beside 0, and two of them like each other. */
static struct number flatten(struct number n, bool infinite) {
  if (!infinite) {
    return n;
  }
  return (struct number){n.exponent == NUMBER_INFINITE, 0, n.negative};
}

static struct number angle(struct number y, struct number x, const struct precision *precision) {
  bool infinite = y.exponent == NUMBER_INFINITE || x.exponent == NUMBER_INFINITE;
  struct number a = flatten(y, infinite);
  struct number b = flatten(x, infinite);
  a.negative = b.negative = false;
  struct number result = {0, 0, false};
  if (a.magnitude != 0) {
    struct number excess = number_subtract(a, b);
    bool steep = excess.magnitude != 0 && !excess.negative;
    result = arc(steep ? number_divide(b, a, precision->digits) : number_divide(a, b, precision->digits), precision);
    if (steep) {
      result = number_subtract(load(&quarter_turn), result);
    }
  }
  if (x.negative) {
    result = number_subtract(load(&pi), result);
  }
  return negated_if(result, y.negative);
}

#define F(x) number_from_float(x)
#define D(x) number_from_double(x)

typedef union {
  float f[2];
  uint64_t u;
} float_pair;

/* Sine in r0, cosine in r1: the SDK's sincosf relies on both from the entry for sine. */
uint64_t rom_fsincos(float x) {
  struct circular c = circular(F(x), &for_float);
  float_pair pair = {.f = {number_to_float(c.sine), number_to_float(c.cosine)}};
  return pair.u;
}
float rom_fcos(float x) { return number_to_float(circular(F(x), &for_float).cosine); }
float rom_ftan(float x) { return number_to_float(tangent(F(x), &for_float)); }
float rom_fexp(float x) { return number_to_float(exponential(F(x), &for_float)); }
float rom_fln(float x) { return number_to_float(logarithm(F(x), &for_float)); }
float rom_fatan2(float y, float x) { return number_to_float(angle(F(y), F(x), &for_float)); }

double rom_dsin(double x) { return number_to_double(circular(D(x), &for_double).sine); }
double rom_dcos(double x) { return number_to_double(circular(D(x), &for_double).cosine); }
double rom_dtan(double x) { return number_to_double(tangent(D(x), &for_double)); }
double rom_dexp(double x) { return number_to_double(exponential(D(x), &for_double)); }
double rom_dln(double x) { return number_to_double(logarithm(D(x), &for_double)); }
double rom_datan2(double y, double x) { return number_to_double(angle(D(y), D(x), &for_double)); }

/* For rom_dsincos (float_tables.S), which returns four registers. */
void rom_dsincos_to(double x, double results[2]) {
  struct circular c = circular(D(x), &for_double);
  results[0] = number_to_double(c.sine);
  results[1] = number_to_double(c.cosine);
}
