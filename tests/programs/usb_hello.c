/* Hello over USB CDC, then an echo of one line. */
#include <stdio.h>
#include "pico/stdio_usb.h"
#include "pico/stdlib.h"

int main(void) {
  stdio_init_all();
  while (!stdio_usb_connected()) {
    sleep_ms(1);
  }
  printf("hello over USB\n");
  int c = getchar();
  printf("heard %c\n", c);
  printf("done\n");
  while (true) {
    tight_loop_contents();
  }
}
