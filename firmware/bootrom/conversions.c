/*
 * Conversions of the soft-float tables SF and SD (datasheet 2.8.3.2): to integers toward minus infinity, clamped; from
 * integers to nearest even. `n` is the number of fraction bits of the fixed-point side.
 */
#include "number.h"

#define MOST_I32 0x7fffffffull
#define MOST_U32 0xffffffffull
#define MOST_I64 0x7fffffffffffffffull
#define MOST_U64 0xffffffffffffffffull

static uint64_t float_to(float x, int32_t n, uint64_t most, bool is_signed) {
  struct number number;
  number_from_float(&number, x);
  return number_to_integer(&number, n, most, is_signed);
}

static uint64_t double_to(double x, int32_t n, uint64_t most, bool is_signed) {
  struct number number;
  number_from_double(&number, x);
  return number_to_integer(&number, n, most, is_signed);
}

int32_t rom_float2fix(float x, int32_t n) { return (int32_t)float_to(x, n, MOST_I32, true); }
int32_t rom_float2int(float x) { return (int32_t)float_to(x, 0, MOST_I32, true); }
uint32_t rom_float2ufix(float x, int32_t n) { return (uint32_t)float_to(x, n, MOST_U32, false); }
uint32_t rom_float2uint(float x) { return (uint32_t)float_to(x, 0, MOST_U32, false); }
int64_t rom_float2fix64(float x, int32_t n) { return (int64_t)float_to(x, n, MOST_I64, true); }
int64_t rom_float2int64(float x) { return (int64_t)float_to(x, 0, MOST_I64, true); }
uint64_t rom_float2ufix64(float x, int32_t n) { return float_to(x, n, MOST_U64, false); }
uint64_t rom_float2uint64(float x) { return float_to(x, 0, MOST_U64, false); }

int32_t rom_double2fix(double x, int32_t n) { return (int32_t)double_to(x, n, MOST_I32, true); }
int32_t rom_double2int(double x) { return (int32_t)double_to(x, 0, MOST_I32, true); }
uint32_t rom_double2ufix(double x, int32_t n) { return (uint32_t)double_to(x, n, MOST_U32, false); }
uint32_t rom_double2uint(double x) { return (uint32_t)double_to(x, 0, MOST_U32, false); }
int64_t rom_double2fix64(double x, int32_t n) { return (int64_t)double_to(x, n, MOST_I64, true); }
int64_t rom_double2int64(double x) { return (int64_t)double_to(x, 0, MOST_I64, true); }
uint64_t rom_double2ufix64(double x, int32_t n) { return double_to(x, n, MOST_U64, false); }
uint64_t rom_double2uint64(double x) { return double_to(x, 0, MOST_U64, false); }

float rom_fix642float(int64_t v, int32_t n) {
  struct number number;
  number_from_signed(&number, v, n);
  return number_to_float(&number);
}

float rom_ufix642float(uint64_t v, int32_t n) {
  struct number number;
  number_from_unsigned(&number, v, n);
  return number_to_float(&number);
}

float rom_int642float(int64_t v) { return rom_fix642float(v, 0); }
float rom_uint642float(uint64_t v) { return rom_ufix642float(v, 0); }
float rom_fix2float(int32_t v, int32_t n) { return rom_fix642float(v, n); }
float rom_int2float(int32_t v) { return rom_fix642float(v, 0); }
float rom_ufix2float(uint32_t v, int32_t n) { return rom_ufix642float(v, n); }
float rom_uint2float(uint32_t v) { return rom_ufix642float(v, 0); }

double rom_fix642double(int64_t v, int32_t n) {
  struct number number;
  number_from_signed(&number, v, n);
  return number_to_double(&number);
}

double rom_ufix642double(uint64_t v, int32_t n) {
  struct number number;
  number_from_unsigned(&number, v, n);
  return number_to_double(&number);
}

double rom_int642double(int64_t v) { return rom_fix642double(v, 0); }
double rom_uint642double(uint64_t v) { return rom_ufix642double(v, 0); }
double rom_fix2double(int32_t v, int32_t n) { return rom_fix642double(v, n); }
double rom_int2double(int32_t v) { return rom_fix642double(v, 0); }
double rom_ufix2double(uint32_t v, int32_t n) { return rom_ufix642double(v, n); }
double rom_uint2double(uint32_t v) { return rom_ufix642double(v, 0); }

double rom_float2double(float x) {
  struct number number;
  number_from_float(&number, x);
  return number_to_double(&number);
}

float rom_double2float(double x) {
  struct number number;
  number_from_double(&number, x);
  return number_to_float(&number);
}
