/*
 * Finite binary floating point with a 64-bit magnitude and a wide exponent: what the conversions and the transcendental
 * functions compute in. A result is truncated to 64 bits, its last bit set when something was cut off.
 */
#ifndef SM_NUMBER_H
#define SM_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* (-1)^negative * magnitude * 2^exponent, the top bit of the magnitude set; or magnitude 0. */
struct number {
  uint64_t magnitude;
  int32_t exponent;
  bool negative;
};

/* Exponent of an infinity, far beyond what any destination can hold. A NaN operand is an infinity of its sign, a
 * denormal one zero. Only the conversions take infinities. */
#define NUMBER_INFINITE 8192

void number_from_float(struct number *to, float x);
void number_from_double(struct number *to, double x);
/* value * 2^-fraction */
void number_from_unsigned(struct number *to, uint64_t value, int32_t fraction);
void number_from_signed(struct number *to, int64_t value, int32_t fraction);

float number_to_float(const struct number *n);
double number_to_double(const struct number *n);
/* floor(n * 2^fraction), clamped to 0..most for unsigned, -most-1..most for signed destinations. */
uint64_t number_to_integer(const struct number *n, int32_t fraction, uint64_t most, bool is_signed);

/* The result may be an operand. */
void number_add(struct number *to, const struct number *a, const struct number *b);
void number_subtract(struct number *to, const struct number *a, const struct number *b);
void number_multiply(struct number *to, const struct number *a, const struct number *b);
/* `bits` (at most 62) bits of quotient; the divisor is not 0. */
void number_divide(struct number *to, const struct number *a, const struct number *b, uint32_t bits);

#endif
