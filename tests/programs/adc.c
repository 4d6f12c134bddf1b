/* ADC: one reading of input 0, and a free-running pair through the FIFO. */
#include <stdio.h>
#include "hardware/adc.h"
#include "pico/stdlib.h"

int main(void) {
  stdio_init_all();
  adc_init();
  adc_gpio_init(26);
  adc_select_input(0);
  uint64_t start = time_us_64();
  uint16_t value = adc_read();
  uint64_t took = time_us_64() - start;
  printf("adc0 %u in %s\n", value, took <= 4 ? "2 us" : "too long");
  adc_set_temp_sensor_enabled(true);
  adc_select_input(4);
  printf("temperature %s\n", adc_read() < 4096 ? "read" : "wrong");
  adc_select_input(0);
  adc_fifo_setup(true, false, 1, false, false);
  adc_run(true);
  uint16_t first = adc_fifo_get_blocking();
  uint16_t second = adc_fifo_get_blocking();
  adc_run(false);
  printf("fifo %u %u\n", first, second);
  printf("done\n");
}
