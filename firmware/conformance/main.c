/*
 * Measures an RP2040 with its own SysTick and prints one line per row over UART0 (GPIO 0, 115,200 baud, 8N1):
 *   starmind-conformance,<format version>,<clk_sys in Hz>
 *   row,<name>,<unit>,<repetitions>,<total>
 *   done
 * Then any byte on GPIO 1 makes it begin again, from a reset, so that a host need not catch the first table.
 * Interrupts are off, code lies in SRAM, and core 1 sleeps in the boot ROM, except where a row is about these.
 */
#include "hardware/clocks.h"
#include "hardware/gpio.h"
#include "hardware/irq.h"
#include "hardware/structs/systick.h"
#include "hardware/sync.h"
#include "hardware/uart.h"
#include "hardware/watchdog.h"
#include "rows.h"

#define FORMAT_VERSION "1"
#define BAUD 115200

uint32_t conformance_buffer[1024] __attribute__((aligned(64)));
const uint32_t conformance_flash_word = 0x600df1a5;
uint32_t empty_cycles;

uint32_t measure_empty(void);

/** Sleeps while the transmit FIFO is full, until half of it is empty. */
static void put_byte(char byte) {
  if (uart_get_hw(uart0)->fr & UART_UARTFR_TXFF_BITS) {
    irq_clear(UART0_IRQ);
    irq_set_enabled(UART0_IRQ, true);
    __wfi();
    irq_set_enabled(UART0_IRQ, false);
  }
  uart_get_hw(uart0)->dr = (uint8_t)byte;
}

static void put_text(const char *text) {
  while (*text) put_byte(*text++);
}

static void put_number(int32_t value) {
  char digits[12];
  int length = 0;
  uint32_t rest = value < 0 ? -(uint32_t)value : (uint32_t)value;
  if (value < 0) put_byte('-');
  do {
    digits[length++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  while (length > 0) put_byte(digits[--length]);
}

void report(const char *name, const char *unit, uint32_t repetitions, int32_t total) {
  put_text("row,");
  put_text(name);
  put_byte(',');
  put_text(unit);
  put_byte(',');
  put_number((int32_t)repetitions);
  put_byte(',');
  put_number(total);
  put_text("\r\n");
}

void report_flush(void) {
  uart_tx_wait_blocking(uart0);
}

static void run_rows(const struct row *rows) {
  for (const struct row *row = rows; row->name; row++) {
    int32_t total = (int32_t)(row->measure() - empty_cycles);
    report(row->name, "cycles", row->repetitions, total);
  }
}

static void start_systick(void) {
  systick_hw->rvr = 0xffffff;
  systick_hw->cvr = 0;
  systick_hw->csr = 5;  // counts clk_sys, no exception
}

/* Sleeps until a byte comes that was not sent before the table ended, and resets. */
static void begin_again_when_asked(void) {
  while (uart_is_readable(uart0)) (void)uart_get_hw(uart0)->dr;
  uart_get_hw(uart0)->imsc = UART_UARTIMSC_RXIM_BITS | UART_UARTIMSC_RTIM_BITS;
  irq_set_enabled(UART0_IRQ, true);
  while (!uart_is_readable(uart0)) __wfi();
  watchdog_reboot(0, 0, 0);
  while (true) __wfi();
}

int main(void) {
  uart_init(uart0, BAUD);
  gpio_set_function(0, GPIO_FUNC_UART);
  gpio_set_function(1, GPIO_FUNC_UART);
  uart_get_hw(uart0)->imsc = UART_UARTIMSC_TXIM_BITS;
  save_and_disable_interrupts();
  start_systick();
  put_text("\r\nstarmind-conformance," FORMAT_VERSION ",");
  put_number((int32_t)clock_get_hz(clk_sys));
  put_text("\r\n");

  empty_cycles = measure_empty();
  report("published.systick-read-twice", "cycles", 1, (int32_t)empty_cycles);
  run_rows(instruction_rows);
  run_rows(target_rows);
  run_rows(exception_rows);
  sio_rows();
  run_rows(xip_rows);
  flash_rows();
  dma_rows();
  peripheral_rows();
  pair_rows();
  published_rows();
  published_gpio_rows();
  clock_rows();
  put_text("done\r\n");
  report_flush();
  begin_again_when_asked();
}
