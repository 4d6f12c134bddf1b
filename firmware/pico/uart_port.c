#include "uart_port.h"

#include "board.h"
#include "hardware/clocks.h"
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
static uint32_t chosen = SM_BAUD;
static uint32_t in_use;

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

void sm_uart_init(void) {
  in_use = uart_init(uart0, SM_BAUD);
  gpio_set_function(SM_UART_TX_PIN, GPIO_FUNC_UART);
  gpio_set_function(SM_UART_RX_PIN, GPIO_FUNC_UART);
  gpio_pull_up(SM_UART_RX_PIN); /* an open line is idle, not a break */
  irq_set_exclusive_handler(UART0_IRQ, on_uart);
  irq_set_enabled(UART0_IRQ, true);
  uart_get_hw(uart0)->imsc = UART_UARTIMSC_RXIM_BITS | UART_UARTIMSC_RTIM_BITS;
}

bool sm_uart_get(uint8_t *byte) {
  if (rx_head == rx_tail) {
    return false;
  }
  *byte = rx_ring[rx_tail % RX_RING_BYTES];
  rx_tail++;
  return true;
}

bool sm_uart_received(void) { return rx_head != rx_tail; }

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

void sm_uart_put(uint8_t byte) {
  if (tx_head - tx_tail == TX_RING_BYTES) {
    kick_and_sleep_while_more_than(TX_RING_BYTES / 2);
  }
  tx_ring[tx_head % TX_RING_BYTES] = byte;
  tx_head++;
}

void sm_uart_settle(void) { kick_and_sleep_while_more_than(0); }

void sm_uart_flush(void) {
  sm_uart_settle();
  uart_tx_wait_blocking(uart0);
}

/* The divider has 6 fractional bits: 64ths of 16 clocks a bit. */
uint32_t sm_uart_choose(uint32_t baud) {
  chosen = baud;
  uint32_t clock = clock_get_hz(clk_peri);
  uint32_t sixtyfourths = (8u * clock / baud + 1u) / 2u;
  return (4u * clock + sixtyfourths / 2u) / sixtyfourths;
}

void sm_uart_apply(void) { in_use = uart_set_baudrate(uart0, chosen); }

uint32_t sm_uart_baud(void) { return in_use; }
