/* Edges on GPIO 3, made by whoever is outside from what GPIO 2 does. */
#include <stdio.h>
#include "pico/stdlib.h"

static volatile int rises;
static volatile int falls;

static void on_edge(uint gpio, uint32_t events) {
  if (gpio != 3) return;
  if (events & GPIO_IRQ_EDGE_RISE) rises++;
  if (events & GPIO_IRQ_EDGE_FALL) falls++;
}

int main(void) {
  stdio_init_all();
  gpio_init(2);
  gpio_set_dir(2, GPIO_OUT);
  gpio_init(3);
  gpio_set_irq_enabled_with_callback(3, GPIO_IRQ_EDGE_RISE | GPIO_IRQ_EDGE_FALL, true, on_edge);
  for (int i = 0; i < 4; i++) {
    gpio_put(2, 1);
    busy_wait_us(10);
    if (i < 3) gpio_put(2, 0);
    busy_wait_us(10);
  }
  printf("rises %d falls %d level %d\n", rises, falls, gpio_get(3));
  printf("done\n");
}
