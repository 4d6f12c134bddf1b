/* A square wave on GPIO 4 from PIO 0: 10 cycles high, 10 low, at clk_sys / 5. */
#include <stdio.h>
#include "hardware/pio.h"
#include "pico/stdlib.h"

static const uint16_t square[] = {
    0xe901, /* set pins, 1 [9] */
    0xe900, /* set pins, 0 [9] */
};
static const struct pio_program program = {.instructions = square, .length = 2, .origin = -1};

int main(void) {
  stdio_init_all();
  uint offset = pio_add_program(pio0, &program);
  uint sm = pio_claim_unused_sm(pio0, true);
  pio_sm_config config = pio_get_default_sm_config();
  sm_config_set_wrap(&config, offset, offset + 1);
  sm_config_set_set_pins(&config, 4, 1);
  sm_config_set_clkdiv_int_frac(&config, 5, 0);
  pio_gpio_init(pio0, 4);
  pio_sm_set_consecutive_pindirs(pio0, sm, 4, 1, true);
  pio_sm_init(pio0, sm, offset, &config);
  pio_sm_set_enabled(pio0, sm, true);
  sleep_us(100);
  pio_sm_set_enabled(pio0, sm, false);
  printf("done\n");
}
