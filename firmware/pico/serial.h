/*
 * UART0 as a byte stream: received bytes by interrupt into a ring, sent bytes through a ring that the interrupt drains.
 * Waiting sleeps.
 */
#ifndef SM_SERIAL_H
#define SM_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void sm_serial_init(void);

/* Adapts the divider after clk_peri changed. Sent bytes must be flushed before the change. */
void sm_serial_retime(void);

/* Takes one received byte; false when there is none. */
bool sm_serial_get(uint8_t *byte);

/* Sleeps until something was received or an interrupt came. */
void sm_serial_wait(void);

void sm_serial_put(uint8_t byte);

/* Waits until everything has been handed to the UART's own FIFO and no transmit interrupt will come. */
void sm_serial_settle(void);

/* Waits until the last stop bit has left. */
void sm_serial_flush(void);

#endif
