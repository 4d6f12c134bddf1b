/* Published figures of GPIO through the SDK: its interrupt callback, and thirteen pins in a loop. */
#include "hardware/gpio.h"
#include "hardware/irq.h"
#include "hardware/structs/systick.h"
#include "rows.h"

#define EDGE_GPIO 2
#define TOGGLED_GPIO 3

void toggle_in_callback(uint gpio, uint32_t events);
uint32_t span_edge_to_callback(void);

/** As graeme-winter measured with PIO on 2023-01-01; warm: the second edge, when the XIP cache holds the SDK's code. */
static void sdk_callback(void) {
  const uint32_t pins = 1u << EDGE_GPIO | 1u << TOGGLED_GPIO;
  gpio_init_mask(pins);
  gpio_set_dir_out_masked(pins);
  wait_for_no_irq();
  gpio_set_irq_enabled_with_callback(EDGE_GPIO, GPIO_IRQ_EDGE_RISE, true, toggle_in_callback);
  span_edge_to_callback();
  gpio_clr_mask(1u << EDGE_GPIO);
  const uint32_t cycles = span_edge_to_callback();
  gpio_set_irq_enabled(EDGE_GPIO, GPIO_IRQ_EDGE_RISE, false);
  irq_set_enabled(IO_IRQ_BANK0, false);
  gpio_set_irq_callback(NULL);
  wait_for_no_irq();
  report("published.gpio-edge-to-sdk-callback", "cycles", 1, (int32_t)(cycles - empty_cycles));
}

#define PUT_ALL(value) \
  gpio_put(2, value); \
  gpio_put(3, value); \
  gpio_put(4, value); \
  gpio_put(5, value); \
  gpio_put(6, value); \
  gpio_put(7, value); \
  gpio_put(8, value); \
  gpio_put(9, value); \
  gpio_put(10, value); \
  gpio_put(11, value); \
  gpio_put(12, value); \
  gpio_put(13, value); \
  gpio_put(14, value)

static uint32_t IN_SRAM(toggle_thirteen)(uint32_t passes) {
  const uint32_t before = systick_hw->cvr;
  for (uint32_t pass = 0; pass < passes; pass++) {
    PUT_ALL(true);
    PUT_ALL(false);
  }
  return (before - systick_hw->cvr) & 0xffffff;
}

/** GPIO 4 to 14 are not made outputs, as a board may have other things on them; the stores are the same. */
static void thirteen_pins(void) {
  const uint32_t few = toggle_thirteen(50);
  report("published.thirteen-pins-on-off", "cycles", 100, (int32_t)(toggle_thirteen(150) - few));
}

void published_gpio_rows(void) {
  sdk_callback();
  thirteen_pins();
}
