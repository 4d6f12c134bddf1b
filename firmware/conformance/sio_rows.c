/* How soon the divider's result is there. */
#include "rows.h"

typedef uint32_t divide(uint32_t dividend, uint32_t divisor);
divide divide_waiting_6, divide_waiting_7, divide_waiting_8, divide_waiting_9, divide_waiting_10;

void sio_rows(void) {
  divide *const divides[] = {divide_waiting_6, divide_waiting_7, divide_waiting_8, divide_waiting_9, divide_waiting_10};
  int32_t wait = 10;
  while (wait >= 6) {
    divides[0](5, 5);
    divides[4](5, 5);
    if (divides[wait - 6](1000, 7) != 142) break;
    wait--;
  }
  report("sio.divider-shortest-wait", "cycles", 1, wait + 1);
}
