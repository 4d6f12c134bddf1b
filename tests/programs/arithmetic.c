/* 64-bit integers, float and double, through the boot ROM's functions. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "pico/stdlib.h"

static uint32_t bits(float value) {
  uint32_t word;
  memcpy(&word, &value, sizeof word);
  return word;
}

static uint64_t bits64(double value) {
  uint64_t word;
  memcpy(&word, &value, sizeof word);
  return word;
}

int main(void) {
  stdio_init_all();
  volatile int64_t p = -1234567890123ll;
  volatile int64_t q = 98765;
  printf("int64 %lld %lld %lld %lld\n", p * q, p / q, p % q, p >> 7);
  volatile uint64_t u = 0xfedcba9876543210ull;
  printf("uint64 %llx %llx\n", u * 3, u << 13);
  volatile float x = 3.25f;
  volatile float y = -0.7f;
  printf("float %08lx %08lx %08lx %08lx\n", (unsigned long)bits(x + y), (unsigned long)bits(x - y),
         (unsigned long)bits(x * y), (unsigned long)bits(x / y));
  printf("float to int %d %u, sqrt %08lx\n", (int)(x * 100.0f), (unsigned)(x * 1000.0f), (unsigned long)bits(sqrtf(x)));
  volatile double a = 1.0 / 3.0;
  volatile double b = 12345.678;
  printf("double %016llx %016llx %016llx %016llx\n", bits64(a + b), bits64(a - b), bits64(a * b), bits64(b / a));
  printf("double to int %d, sqrt %016llx\n", (int)b, bits64(sqrt(b)));
  printf("compare %d%d%d%d\n", x > y, x < y, a <= b, a == b);
  printf("convert %08lx %016llx\n", (unsigned long)bits((float)b), bits64((double)x));
  printf("done\n");
}
