/* The SIO divider, directly and under C's operators, with its answers to a divisor of zero. */
#include <stdio.h>
#include "hardware/divider.h"
#include "pico/stdlib.h"

int main(void) {
  stdio_init_all();
  printf("unsigned %lu %lu\n", (unsigned long)hw_divider_u32_quotient(1000000007u, 97u),
         (unsigned long)hw_divider_u32_remainder(1000000007u, 97u));
  printf("signed %ld %ld\n", (long)hw_divider_quotient_s32(-1000, 7), (long)hw_divider_remainder_s32(-1000, 7));
  volatile int32_t a = -123456789;
  volatile int32_t b = 1000;
  printf("operators %ld %ld\n", (long)(a / b), (long)(a % b));
  volatile uint64_t wide = 123456789012345678ull;
  volatile uint64_t by = 987654321ull;
  printf("64 bits %llu %llu\n", wide / by, wide % by);
  printf("by zero %lu %lu\n", (unsigned long)hw_divider_u32_quotient(5, 0), (unsigned long)hw_divider_u32_remainder(5, 0));
  printf("signed by zero %ld %ld\n", (long)hw_divider_quotient_s32(5, 0), (long)hw_divider_quotient_s32(-5, 0));
  printf("done\n");
}
