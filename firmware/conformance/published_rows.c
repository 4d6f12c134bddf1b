/* Measurements that others published from boards, as far as they can be repeated. */
#include "hardware/dma.h"
#include "hardware/gpio.h"
#include "hardware/pio.h"
#include "hardware/structs/scb.h"
#include "rows.h"

#define EDGE_GPIO 2
#define TOGGLED_GPIO 3

void toggle_on_edge(void);
uint32_t span_edge_to_toggle(void);

/** As graeme-winter measured with PIO on 2023-01-02; here without a wire, as an output is seen by its own input. */
static void gpio_interrupt(void) {
  volatile uint32_t *vector = (volatile uint32_t *)scb_hw->vtor + 16 + IO_IRQ_BANK0;
  const uint32_t before = *vector;
  const uint32_t pins = 1u << EDGE_GPIO | 1u << TOGGLED_GPIO;
  gpio_init_mask(pins);
  gpio_set_dir_out_masked(pins);
  *vector = (uint32_t)(uintptr_t)toggle_on_edge;
  gpio_acknowledge_irq(EDGE_GPIO, GPIO_IRQ_EDGE_RISE);
  gpio_set_irq_enabled(EDGE_GPIO, GPIO_IRQ_EDGE_RISE, true);
  wait_for_irq(IO_IRQ_BANK0);
  const uint32_t cycles = span_edge_to_toggle();
  wait_for_no_irq();
  gpio_set_irq_enabled(EDGE_GPIO, GPIO_IRQ_EDGE_RISE, false);
  *vector = before;
  report("published.gpio-edge-to-toggle", "cycles", 1, (int32_t)(cycles - empty_cycles));
}

/** IN X, 32 pushes by itself; OUT Y, 32 waits for the answer. */
static const uint16_t loop_instructions[] = {0x4020, 0x6040};
static const struct pio_program loop_program = {.instructions = loop_instructions, .length = 2, .origin = 0};
#define PULL 0x80a0u
#define MOV_X_OSR 0xa027u
#define OUT_NULL_32 0x6060u

static void prepare_machine(uint32_t pushed) {
  pio_clear_instruction_memory(pio0);
  pio_add_program(pio0, &loop_program);
  pio_sm_config config = pio_get_default_sm_config();
  sm_config_set_wrap(&config, 0, 1);
  pio_sm_init(pio0, 0, 0, &config);
  pio_sm_put(pio0, 0, pushed);
  pio_sm_exec(pio0, 0, PULL);
  pio_sm_exec(pio0, 0, MOV_X_OSR);
  pio_sm_exec(pio0, 0, OUT_NULL_32);
  sm_config_set_in_shift(&config, true, true, 32);
  sm_config_set_out_shift(&config, true, true, 32);
  pio_sm_set_config(pio0, 0, &config);
}

/**
 * As in pico-feedback 202: a pushed address goes by DMA to the trigger of a second channel, which moves the word that lies there to the
 * transmit FIFO.
 */
static uint32_t asked(uint32_t words) {
  prepare_machine((uint32_t)(uintptr_t)bank(0));
  dma_channel_config answer = dma_channel_get_default_config(1);
  channel_config_set_read_increment(&answer, false);
  dma_channel_configure(1, &answer, &pio0->txf[0], bank(0), 1, false);
  dma_channel_config ask = dma_channel_get_default_config(0);
  channel_config_set_read_increment(&ask, false);
  channel_config_set_dreq(&ask, DREQ_PIO0_RX0);
  dma_channel_configure(0, &ask, &dma_hw->ch[1].al3_read_addr_trig, &pio0->rxf[0], words, true);
  dma_hw->ints0 = 3;
  dma_hw->inte0 = 1;
  wait_for_irq(DMA_IRQ_0);
  const uint32_t cycles = span_to_interrupt(&pio0->ctrl, 1);
  pio_sm_set_enabled(pio0, 0, false);
  dma_hw->inte0 = 0;
  dma_hw->ints0 = 3;
  wait_for_no_irq();
  return cycles;
}

void published_rows(void) {
  gpio_interrupt();
  asked(16);
  const uint32_t few = asked(16);
  report("published.pio-dma-dma-loop", "cycles", 64, (int32_t)(asked(80) - few));
}
