/* Three lives: a first start, one after watchdog_reboot, one after the watchdog was not fed. */
#include <stdio.h>
#include "hardware/watchdog.h"
#include "pico/stdlib.h"

int main(void) {
  stdio_init_all();
  uint32_t life = watchdog_caused_reboot() ? watchdog_hw->scratch[0] : 0;
  printf("life %lu, caused by watchdog %d, enabled %d\n", (unsigned long)life, watchdog_caused_reboot(),
         watchdog_enable_caused_reboot());
  uart_default_tx_wait_blocking();
  watchdog_hw->scratch[0] = life + 1;
  if (life == 0) {
    watchdog_reboot(0, 0, 0);
  }
  if (life == 1) {
    watchdog_enable(2, false);
    for (int i = 0; i < 5; i++) {
      busy_wait_us(1000);
      watchdog_update();
    }
    printf("fed for 5 ms\n");
    uart_default_tx_wait_blocking();
  }
  if (life == 2) {
    printf("done\n");
  }
  while (true) {
    tight_loop_contents();
  }
}
