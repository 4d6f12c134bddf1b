#include "serial.h"

#include "board.h"
#include "hardware/gpio.h"
#include "hardware/irq.h"
#include "hardware/sync.h"
#include "hardware/uart.h"
#include "pico.h"

/* While a token is computed nobody empties the ring; then no more than a `cancel` has reason to come. */
#define RX_RING_BYTES 1024u
#define TX_RING_BYTES 512u
#define RX_ERRORS (UART_UARTDR_OE_BITS | UART_UARTDR_BE_BITS | UART_UARTDR_PE_BITS | UART_UARTDR_FE_BITS)

static uint8_t __scratch_y("serial") rx_ring[RX_RING_BYTES]; /* beside the stack, out of the arena's way */
static volatile uint32_t rx_head, rx_tail; /* head: next to write; both only grow */
static uint8_t __scratch_x("serial") tx_ring[TX_RING_BYTES];
static volatile uint32_t tx_head, tx_tail;

static void __not_in_flash_func(send_from_ring)(void) {
  uart_hw_t *uart = uart_get_hw(uart0);
  while (tx_head != tx_tail && !(uart->fr & UART_UARTFR_TXFF_BITS)) {
    uart->dr = tx_ring[tx_tail % TX_RING_BYTES];
    tx_tail++;
  }
  if (tx_head == tx_tail) {
    hw_clear_bits(&uart->imsc, UART_UARTIMSC_TXIM_BITS);
  }
}

static void __not_in_flash_func(on_uart)(void) {
  uart_hw_t *uart = uart_get_hw(uart0);
  while (!(uart->fr & UART_UARTFR_RXFE_BITS)) {
    uint32_t data = uart->dr;
    /* A byte with a framing error is a break or noise; a full ring loses bytes, and the frame's CRC tells. */
    if (!(data & RX_ERRORS) && rx_head - rx_tail < RX_RING_BYTES) {
      rx_ring[rx_head % RX_RING_BYTES] = (uint8_t)data;
      rx_head++;
    }
  }
  send_from_ring();
}

void sm_serial_init(void) {
  uart_init(uart0, SM_BAUD);
  gpio_set_function(SM_UART_TX_PIN, GPIO_FUNC_UART);
  gpio_set_function(SM_UART_RX_PIN, GPIO_FUNC_UART);
  gpio_pull_up(SM_UART_RX_PIN); /* an open line is idle, not a break */
  irq_set_exclusive_handler(UART0_IRQ, on_uart);
  irq_set_enabled(UART0_IRQ, true);
  uart_get_hw(uart0)->imsc = UART_UARTIMSC_RXIM_BITS | UART_UARTIMSC_RTIM_BITS;
}

void sm_serial_retime(void) { uart_set_baudrate(uart0, SM_BAUD); }

bool sm_serial_get(uint8_t *byte) {
  if (rx_head == rx_tail) {
    return false;
  }
  *byte = rx_ring[rx_tail % RX_RING_BYTES];
  rx_tail++;
  return true;
}

/* Interrupts are off between the question and the sleep, so a byte that comes in between still ends the sleep. */
void sm_serial_wait(void) {
  uint32_t state = save_and_disable_interrupts();
  if (rx_head == rx_tail) {
    __wfi();
  }
  restore_interrupts(state);
}

static void kick_and_sleep_while_more_than(uint32_t pending) {
  while (true) {
    uint32_t state = save_and_disable_interrupts();
    send_from_ring();
    bool done = tx_head - tx_tail <= pending;
    if (!done) {
      hw_set_bits(&uart_get_hw(uart0)->imsc, UART_UARTIMSC_TXIM_BITS);
      __wfi();
    }
    restore_interrupts(state);
    if (done) {
      return;
    }
  }
}

void sm_serial_put(uint8_t byte) {
  if (tx_head - tx_tail == TX_RING_BYTES) {
    kick_and_sleep_while_more_than(TX_RING_BYTES / 2);
  }
  tx_ring[tx_head % TX_RING_BYTES] = byte;
  tx_head++;
}

void sm_serial_settle(void) { kick_and_sleep_while_more_than(0); }

void sm_serial_flush(void) {
  sm_serial_settle();
  uart_tx_wait_blocking(uart0);
}
