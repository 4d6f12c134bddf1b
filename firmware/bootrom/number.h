/*
 * Binary floating point with a 64-bit magnitude and a wide exponent: what the soft-float routines compute in. Every
 * operation's result is truncated to 64 bits with the last bit set when something was cut off ("sticky"), so rounding
 * once more to 53 or 24 bits is right.
 */
#ifndef SM_NUMBER_H
#define SM_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* (-1)^negative * magnitude * 2^exponent; zero has magnitude 0. */
struct number {
  uint64_t magnitude;
  int32_t exponent;
  bool negative;
};

/* An infinity has this exponent and a magnitude that is not 0, a NaN this exponent and magnitude 0. */
#define NUMBER_INFINITE 4096

struct number number_from_float(float x);
struct number number_from_double(double x);
float number_to_float(struct number n);
double number_to_double(struct number n);

/* Leaves the top bit of a non-zero magnitude set. */
struct number number_normalise(struct number n);

struct number number_add(struct number a, struct number b);
struct number number_subtract(struct number a, struct number b);
struct number number_multiply(struct number a, struct number b);
/* `bits` bits of quotient, at least 3 more than the destination has. */
struct number number_divide(struct number a, struct number b, uint32_t bits);
/* `bits` bits of root, likewise; minus infinity for a negative operand. */
struct number number_root(struct number n, uint32_t bits);

/* floor(n * 2^fraction), clamped to 0..most for unsigned, -most-1..most for signed destinations. */
uint64_t number_to_integer(struct number n, int32_t fraction, uint64_t most, bool is_signed);
struct number number_from_signed(int64_t value, int32_t fraction);
struct number number_from_unsigned(uint64_t value, int32_t fraction);

#endif
