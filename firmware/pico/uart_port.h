/*
 * UART0 as a byte stream: received bytes by interrupt into a ring, sent bytes through a ring that the interrupt drains.
 */
#ifndef SM_UART_PORT_H
#define SM_UART_PORT_H

#include <stdbool.h>
#include <stdint.h>

void sm_uart_init(void);

/* Takes one received byte; false when there is none. */
bool sm_uart_get(uint8_t *byte);
bool sm_uart_received(void);

void sm_uart_put(uint8_t byte);

/* Waits until everything has been handed to the UART's own FIFO and no transmit interrupt will come. */
void sm_uart_settle(void);

/* Waits until the last stop bit has left. */
void sm_uart_flush(void);

/* Bits per second wanted, 9,600 to 3,000,000; gives what the divider makes of it. Takes effect with sm_uart_apply. */
uint32_t sm_uart_choose(uint32_t baud);

/* Sets the divider for the rate chosen last: after sm_uart_choose, and after clk_peri changed. Flush before. */
void sm_uart_apply(void);

/* The rate in use. */
uint32_t sm_uart_baud(void);

#endif
