/*
 * The USB CDC port as a byte stream, on TinyUSB. Everything runs when it is called or in the USB interrupt between tokens;
 * nothing of it runs while a token is counted.
 */
#ifndef SM_USB_PORT_H
#define SM_USB_PORT_H

#include <stdbool.h>
#include <stdint.h>

void sm_usb_init(void);

/* Lets TinyUSB do what there is to do. */
void sm_usb_poll(void);

/* A program holds the port open (DTR), and reads. False: what is put is dropped. */
bool sm_usb_open(void);

/* True once after each time the port was opened. */
bool sm_usb_greet(void);

/* Takes one received byte; false when there is none. */
bool sm_usb_get(uint8_t *byte);
bool sm_usb_received(void);

/*
 * Sends; waits when the reader is slow, calling `meanwhile` again and again. A reader that takes nothing for two seconds is
 * given up: the port counts as closed until it takes something or is opened anew.
 */
void sm_usb_put(uint8_t byte, void (*meanwhile)(void));
void sm_usb_settle(void (*meanwhile)(void));

/* Masks the interrupt (a token is counted), or lets it through. */
void sm_usb_quiet(bool quiet);

#endif
