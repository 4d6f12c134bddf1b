/* Measurements that others published from boards, as far as they can be repeated. */
#include "hardware/dma.h"
#include "hardware/gpio.h"
#include "hardware/pio.h"
#include "hardware/structs/scb.h"
#include "hardware/structs/sio.h"
#include "hardware/structs/ssi.h"
#include "hardware/structs/systick.h"
#include "hardware/structs/xip_ctrl.h"
#include "hardware/sync.h"
#include "pico/bootrom.h"
#include "pico/multicore.h"
#include "rows.h"

#define EDGE_GPIO 2
#define TOGGLED_GPIO 3

void toggle_on_edge(void);
uint32_t span_edge_to_toggle(void);
uint32_t span_to_load(const volatile uint32_t *address);
void core1_worker(void);

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

#define FEW_BLOCKS 8u
#define MANY_BLOCKS 24u

struct control_block {
  const volatile void *from;
  volatile void *to;
  uint32_t count, control;
};

/** Channel 0 writes the next block to the registers of channel 1, whose last one starts it; that one chains back. */
static uint32_t run_blocks(uint32_t count) {
  struct control_block *blocks = (struct control_block *)bank(0);
  dma_channel_config execute = dma_channel_get_default_config(1);
  channel_config_set_chain_to(&execute, 0);
  channel_config_set_irq_quiet(&execute, true);
  for (uint32_t i = 0; i < count; i++)
    blocks[i] = (struct control_block){bank(1), bank(2), 1, channel_config_get_ctrl_value(&execute)};
  channel_config_set_chain_to(&execute, 1);
  channel_config_set_irq_quiet(&execute, false);
  blocks[count - 1].control = channel_config_get_ctrl_value(&execute);
  dma_channel_config fetch = dma_channel_get_default_config(0);
  channel_config_set_write_increment(&fetch, true);
  channel_config_set_ring(&fetch, true, 4);
  dma_channel_configure(0, &fetch, &dma_hw->ch[1].read_addr, blocks, 4, false);
  dma_hw->ints0 = 3;
  dma_hw->inte0 = 2;
  wait_for_irq(DMA_IRQ_0);
  const uint32_t cycles = span_to_interrupt(&dma_hw->multi_channel_trigger, 1);
  dma_hw->inte0 = 0;
  dma_hw->ints0 = 3;
  wait_for_no_irq();
  return cycles;
}

/** As in the DMA computer of Cornell's ECE 4760: an instruction is a control block, here one that copies a word. */
static void control_blocks(void) {
  const uint32_t few = run_blocks(FEW_BLOCKS);
  report("published.dma-control-block", "cycles", MANY_BLOCKS - FEW_BLOCKS, (int32_t)(run_blocks(MANY_BLOCKS) - few));
}

#define LOGGED 64u

/** The index lies in memory, as where nothing is optimised. */
static void IN_SRAM(log_systick)(volatile uint32_t *log, volatile uint32_t *index) {
  for (*index = 0; *index < LOGGED; *index += 1) log[*index] = systick_hw->cvr;
}

static uint32_t IN_SRAM(log_on_core1)(uint32_t address) {
  volatile uint32_t *log = (volatile uint32_t *)address;
  __sev();
  __wfe();
  sio_hw->fifo_wr = 0;
  __wfe();
  log_systick(log + 1, log);
  return 0;
}

/** As in pico-sdk 2654: both cores note their SysTick in striped SRAM, where code and logs lie, too. */
static void two_logs(void) {
  multicore_launch_core1(core1_worker);
  volatile uint32_t *log = conformance_buffer;
  sio_hw->fifo_wr = (uint32_t)(uintptr_t)log_on_core1;
  sio_hw->fifo_wr = (uint32_t)(uintptr_t)(conformance_buffer + 512);
  multicore_fifo_pop_blocking();  // core 1 is about to sleep
  for (int i = 0; i < 64; i++) (void)sio_hw->cpuid;
  __sev();
  log_systick(log + 1, log);
  multicore_fifo_pop_blocking();
  multicore_reset_core1();
  uint32_t least = ~0u, most = 0;
  for (uint32_t i = 1; i < LOGGED; i++) {
    const uint32_t step = (log[i] - log[i + 1]) & 0xffffff;
    if (step < least) least = step;
    if (step > most) most = step;
  }
  report("published.two-cores-log-mean", "cycles", LOGGED - 1, (int32_t)((log[1] - log[LOGGED]) & 0xffffff));
  report("published.two-cores-log-least", "cycles", 1, (int32_t)least);
  report("published.two-cores-log-most", "cycles", 1, (int32_t)most);
}

#define BOOT2_WORDS 64
#define FLASH_WORD ((const volatile uint32_t *)(XIP_BASE + 0x100000u))

static uint32_t IN_SRAM(load_missing)(void) {
  xip_ctrl_hw->flush = 1;
  (void)xip_ctrl_hw->flush;
  return span_to_load(FLASH_WORD);
}

/** Through the boot ROM into serial reads and through the second stage of booting, copied, back out of them. */
static uint32_t IN_SRAM(load_missing_serially)(void) {
  static uint32_t boot2[BOOT2_WORDS];
  for (int i = 0; i < BOOT2_WORDS; i++) boot2[i] = ((const volatile uint32_t *)XIP_BASE)[i];
  const rom_connect_internal_flash_fn connect =
      (rom_connect_internal_flash_fn)rom_func_lookup_inline(ROM_FUNC_CONNECT_INTERNAL_FLASH);
  const rom_flash_exit_xip_fn leave = (rom_flash_exit_xip_fn)rom_func_lookup_inline(ROM_FUNC_FLASH_EXIT_XIP);
  const rom_flash_flush_cache_fn flush = (rom_flash_flush_cache_fn)rom_func_lookup_inline(ROM_FUNC_FLASH_FLUSH_CACHE);
  const rom_flash_enter_cmd_xip_fn enter = (rom_flash_enter_cmd_xip_fn)rom_func_lookup_inline(ROM_FUNC_FLASH_ENTER_CMD_XIP);
  __compiler_memory_barrier();
  connect();
  leave();
  flush();
  enter();
  ssi_hw->ssienr = 0;
  ssi_hw->baudr = 4;
  ssi_hw->ssienr = 1;
  const uint32_t cycles = load_missing();
  leave();
  flush();
  ((void (*)(void))((uintptr_t)boot2 + 1))();
  return cycles;
}

static void flash_reads(void) {
  report("published.flash-read-quad-div2", "cycles", 1, (int32_t)(load_missing() - empty_cycles));
  report("published.flash-read-serial-div4", "cycles", 1, (int32_t)(load_missing_serially() - empty_cycles));
}

void published_rows(void) {
  gpio_interrupt();
  asked(16);
  const uint32_t few = asked(16);
  report("published.pio-dma-dma-loop", "cycles", 64, (int32_t)(asked(80) - few));
  control_blocks();
  two_logs();
  flash_reads();
}
