/*
 * The two ports, UART0 and USB, as byte streams. Bytes are taken from either; they are put to the one in use: the port that
 * the present request or line came from.
 */
#ifndef SM_SERIAL_H
#define SM_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

enum sm_port { SM_PORT_UART, SM_PORT_USB, SM_PORTS };

void sm_serial_init(void);

/* Where put, settle and flush go to. */
void sm_serial_use(enum sm_port port);
enum sm_port sm_serial_port(void);

/* "uart" or "usb". */
const char *sm_serial_name(enum sm_port port);

/* Takes one received byte; false when there is none. */
bool sm_serial_get(enum sm_port port, uint8_t *byte);

/* Sleeps until something was received or an interrupt came; one comes ten times a second. */
void sm_serial_wait(void);

/*
 * A reader that is slow is waited for, two seconds without a byte at most. While it is waited for, the other port's frames
 * are answered (holder.h).
 */
void sm_serial_put(uint8_t byte);

/* Whether the reader of the port in use has gone: cable out, port closed, or given up. The UART's never has. */
bool sm_serial_gone(void);

/* Waits until everything put has been handed to the hardware. */
void sm_serial_settle(void);

/* A token is counted: no interrupt of a port's sending, none of USB. Settle first; false ends it. */
void sm_serial_quiet(bool quiet);

/* Waits until the last bit has left. */
void sm_serial_flush(void);

/* Adapts the UART's divider after clk_peri changed. Sent bytes must be flushed before the change. */
void sm_serial_retime(void);

#endif
