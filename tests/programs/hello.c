/* UART hello, and an echo. */
#include <stdio.h>
#include "hardware/clocks.h"
#include "pico/stdlib.h"

int main(void) {
  stdio_init_all();
  printf("hello from the Pico at %lu Hz\n", (unsigned long)clock_get_hz(clk_sys));
  printf("say: ");
  int c = getchar();
  printf("heard %c\n", c);
  return 0;
}
