/* PWM on GPIO 5: period 1000 cycles, 250 of them high. */
#include <stdio.h>
#include "hardware/pwm.h"
#include "pico/stdlib.h"

int main(void) {
  stdio_init_all();
  gpio_set_function(5, GPIO_FUNC_PWM);
  uint slice = pwm_gpio_to_slice_num(5);
  pwm_set_wrap(slice, 999);
  pwm_set_gpio_level(5, 250);
  pwm_set_enabled(slice, true);
  sleep_us(100);
  uint16_t counter = pwm_get_counter(slice);
  printf("slice %u counter %s\n", slice, counter < 1000 ? "in range" : "wrong");
  printf("done\n");
}
