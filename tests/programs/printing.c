/* printf of everything. */
#include <stdint.h>
#include <stdio.h>
#include "pico/stdlib.h"

int main(void) {
  stdio_init_all();
  printf("|%d|%i|%u|%5d|%-5d|%05d|%+d|\n", -42, 42, 42u, 42, 42, 42, 42);
  printf("|%x|%X|%#x|%o|%08lx|\n", 0xbeef, 0xbeef, 0xbeef, 8, 0xdeadbeeful);
  printf("|%c|%s|%10s|%-10s|%.3s|\n", 'A', "text", "right", "left", "cut off");
  printf("|%lld|%llu|%llx|\n", -9223372036854775807ll, 18446744073709551615ull, 0x123456789abcdefull);
  printf("|%zu|%ld|%hd|%hhu|\n", sizeof(int), -7L, (short)-7, (unsigned char)200);
  printf("|%f|%.2f|%8.3f|%-8.1f|%e|%g|\n", 3.14159, 2.71828, 1.5, 2.25, 12345.678, 0.0001);
  printf("|%%|%p|\n", (void *)0x20000000);
  printf("done\n");
}
