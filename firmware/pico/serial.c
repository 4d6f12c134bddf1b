#include "serial.h"

#include "hardware/sync.h"
#include "hardware/timer.h"
#include "holder.h"
#include "uart_port.h"
#include "usb_port.h"
#include "watchdog.h"

/* A USB packet is taken within a few frames of 1 ms, or its reader is slow anyway. */
#define LAST_PACKET_US 10000u

static enum sm_port in_use;

void sm_serial_init(void) {
  sm_uart_init();
  sm_usb_init();
}

void sm_serial_use(enum sm_port port) { in_use = port; }
enum sm_port sm_serial_port(void) { return in_use; }
const char *sm_serial_name(enum sm_port port) { return port == SM_PORT_USB ? "usb" : "uart"; }

bool sm_serial_get(enum sm_port port, uint8_t *byte) {
  return port == SM_PORT_USB ? sm_usb_get(byte) : sm_uart_get(byte);
}

/* Interrupts are off between the question and the sleep, so a byte that comes in between still ends the sleep. */
void sm_serial_wait(void) {
  uint32_t state = save_and_disable_interrupts();
  if (!sm_uart_received() && !sm_usb_received()) {
    __wfi();
  }
  restore_interrupts(state);
}

/* While the USB reader is waited for; what it does interrupts the sleep. */
static void meanwhile(void) {
  sm_watchdog_feed();
  sm_holder_answer_other();
  sm_serial_wait();
}

void sm_serial_put(uint8_t byte) {
  if (in_use == SM_PORT_USB) {
    sm_usb_put(byte, meanwhile);
  } else {
    sm_uart_put(byte);
  }
}

bool sm_serial_gone(void) { return in_use == SM_PORT_USB && !sm_usb_open(); }

void sm_serial_settle(void) {
  if (in_use == SM_PORT_USB) {
    sm_usb_settle(meanwhile);
  } else {
    sm_uart_settle();
  }
}

void sm_serial_quiet(bool quiet) {
  if (quiet) {
    sm_uart_settle();
  }
  sm_usb_quiet(quiet);
}

void sm_serial_flush(void) {
  sm_serial_settle();
  sm_uart_flush();
  uint32_t since = time_us_32();
  while (in_use == SM_PORT_USB && time_us_32() - since < LAST_PACKET_US) {
    sm_usb_poll();
  }
}

void sm_serial_retime(void) { sm_uart_apply(); }
