/*
 * The RP2040 application: two serial ports, a person or a program at the other end of each, one model in flash.
 */
#include "baud.h"
#include "board.h"
#include "console.h"
#include "holder.h"
#include "input.h"
#include "link.h"
#include "model.h"
#include "phase.h"
#include "serial.h"
#include "stack_guard.h"
#include "text.h"
#include "usb_port.h"
#include "watchdog.h"
#include "worker.h"

/* The SDK's panic, without its printf: a fault of the program, named, then a stop a debugger sees. Without a debugger the
 * chip locks up there, and the watchdog starts it anew. */
_Noreturn void sm_panic(const char *format, ...) {
  sm_watchdog_panic();
  sm_serial_use(SM_PORT_UART);
  sm_print("\nPANIC ");
  sm_print(format ? format : "");
  sm_print("\n");
  sm_serial_flush();
  while (1) {
    __asm volatile("bkpt #0");
  }
}

static void handle(const struct sm_input *input) {
  bool typed = input->kind == SM_INPUT_TEXT;
  sm_serial_use(input->port);
  sm_holder_take(input->port, typed);
  if (typed) {
    sm_console_byte(input->byte);
  } else {
    sm_link_handle(input);
  }
  sm_holder_release();
}

/* Everything that has come in from the port. */
static void serve(enum sm_port port) {
  bool any = false;
  for (struct sm_input input = sm_input_next(port, true); input.kind != SM_INPUT_NONE; input = sm_input_next(port, true)) {
    any = true;
    handle(&input);
    if (input.kind != SM_INPUT_TEXT) {
      break; /* the other port's turn */
    }
  }
  if (any) {
    sm_serial_use(port);
    sm_serial_settle();
  }
}

static void greet(enum sm_port port) {
  sm_input_restart(port);
  sm_serial_use(port);
  sm_console_start();
  sm_serial_settle();
}

int main(void) {
  sm_stack_fill();
  sm_board_init(sm_model_arena());
  sm_worker_init();
  sm_serial_init();
  sm_phase_init();
  sm_watchdog_start();
  sm_model_load();
  greet(SM_PORT_UART);
  while (1) {
    sm_watchdog_feed();
    sm_usb_poll();
    sm_baud_poll();
    if (sm_usb_greet()) {
      greet(SM_PORT_USB);
    }
    serve(SM_PORT_UART);
    serve(SM_PORT_USB);
    sm_serial_wait();
  }
}
