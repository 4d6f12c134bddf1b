/*
 * The arithmetic of the soft-float tables SF and SD (datasheet 2.8.3.2). As documented for the chip: denormals are zero,
 * a NaN operand is an infinity of its sign, rounding is to nearest even, conversions to integers go toward minus
 * infinity and clamp. Unlike the chip's, an invalid operation (inf - inf, 0 * inf, 0 / 0) gives a NaN.
 */
#include "number.h"

#define MOST_I32 0x7fffffffull
#define MOST_U32 0xffffffffull
#define MOST_I64 0x7fffffffffffffffull
#define MOST_U64 0xffffffffffffffffull

/* Digits of quotients and roots: those of the destination, and some to round by. */
#define FLOAT_DIGITS 28
#define DOUBLE_DIGITS 56

#define F(x) number_from_float(x)
#define D(x) number_from_double(x)

static int32_t compare(struct number a, struct number b) {
  if (a.exponent == NUMBER_INFINITE && b.exponent == NUMBER_INFINITE) {
    return (int32_t)b.negative - (int32_t)a.negative;
  }
  struct number difference = number_subtract(a, b);
  return difference.magnitude == 0 ? 0 : difference.negative ? -1 : 1;
}

float rom_fadd(float a, float b) { return number_to_float(number_add(F(a), F(b))); }
float rom_fsub(float a, float b) { return number_to_float(number_subtract(F(a), F(b))); }
float rom_fmul(float a, float b) { return number_to_float(number_multiply(F(a), F(b))); }
float rom_fdiv(float a, float b) { return number_to_float(number_divide(F(a), F(b), FLOAT_DIGITS)); }
float rom_fsqrt(float x) { return number_to_float(number_root(F(x), FLOAT_DIGITS)); }
int32_t rom_fcmp(float a, float b) { return compare(F(a), F(b)); }
int32_t rom_float2fix(float x, int32_t n) { return (int32_t)number_to_integer(F(x), n, MOST_I32, true); }
int32_t rom_float2int(float x) { return rom_float2fix(x, 0); }
uint32_t rom_float2ufix(float x, int32_t n) { return (uint32_t)number_to_integer(F(x), n, MOST_U32, false); }
uint32_t rom_float2uint(float x) { return rom_float2ufix(x, 0); }
float rom_fix2float(int32_t v, int32_t n) { return number_to_float(number_from_signed(v, n)); }
float rom_int2float(int32_t v) { return rom_fix2float(v, 0); }
float rom_ufix2float(uint32_t v, int32_t n) { return number_to_float(number_from_unsigned(v, n)); }
float rom_uint2float(uint32_t v) { return rom_ufix2float(v, 0); }
float rom_fix642float(int64_t v, int32_t n) { return number_to_float(number_from_signed(v, n)); }
float rom_int642float(int64_t v) { return rom_fix642float(v, 0); }
float rom_ufix642float(uint64_t v, int32_t n) { return number_to_float(number_from_unsigned(v, n)); }
float rom_uint642float(uint64_t v) { return rom_ufix642float(v, 0); }
int64_t rom_float2fix64(float x, int32_t n) { return (int64_t)number_to_integer(F(x), n, MOST_I64, true); }
int64_t rom_float2int64(float x) { return rom_float2fix64(x, 0); }
uint64_t rom_float2ufix64(float x, int32_t n) { return number_to_integer(F(x), n, MOST_U64, false); }
uint64_t rom_float2uint64(float x) { return rom_float2ufix64(x, 0); }
double rom_float2double(float x) { return number_to_double(F(x)); }

double rom_dadd(double a, double b) { return number_to_double(number_add(D(a), D(b))); }
double rom_dsub(double a, double b) { return number_to_double(number_subtract(D(a), D(b))); }
double rom_dmul(double a, double b) { return number_to_double(number_multiply(D(a), D(b))); }
double rom_ddiv(double a, double b) { return number_to_double(number_divide(D(a), D(b), DOUBLE_DIGITS)); }
double rom_dsqrt(double x) { return number_to_double(number_root(D(x), DOUBLE_DIGITS)); }
int32_t rom_dcmp(double a, double b) { return compare(D(a), D(b)); }
int32_t rom_double2fix(double x, int32_t n) { return (int32_t)number_to_integer(D(x), n, MOST_I32, true); }
int32_t rom_double2int(double x) { return rom_double2fix(x, 0); }
uint32_t rom_double2ufix(double x, int32_t n) { return (uint32_t)number_to_integer(D(x), n, MOST_U32, false); }
uint32_t rom_double2uint(double x) { return rom_double2ufix(x, 0); }
double rom_fix2double(int32_t v, int32_t n) { return number_to_double(number_from_signed(v, n)); }
double rom_int2double(int32_t v) { return rom_fix2double(v, 0); }
double rom_ufix2double(uint32_t v, int32_t n) { return number_to_double(number_from_unsigned(v, n)); }
double rom_uint2double(uint32_t v) { return rom_ufix2double(v, 0); }
double rom_fix642double(int64_t v, int32_t n) { return number_to_double(number_from_signed(v, n)); }
double rom_int642double(int64_t v) { return rom_fix642double(v, 0); }
double rom_ufix642double(uint64_t v, int32_t n) { return number_to_double(number_from_unsigned(v, n)); }
double rom_uint642double(uint64_t v) { return rom_ufix642double(v, 0); }
int64_t rom_double2fix64(double x, int32_t n) { return (int64_t)number_to_integer(D(x), n, MOST_I64, true); }
int64_t rom_double2int64(double x) { return rom_double2fix64(x, 0); }
uint64_t rom_double2ufix64(double x, int32_t n) { return number_to_integer(D(x), n, MOST_U64, false); }
uint64_t rom_double2uint64(double x) { return rom_double2ufix64(x, 0); }
float rom_double2float(double x) { return number_to_float(D(x)); }
