/*
 * The RP2040 application: one serial port, a person or a program at its other end, one model in flash.
 */
#include "console.h"
#include "input.h"
#include "link.h"
#include "model.h"
#include "phase.h"
#include "serial.h"
#include "stack_guard.h"
#include "text.h"
#include "worker.h"

/* The SDK's panic, without its printf: a fault of the program, named, then a stop a debugger sees. */
_Noreturn void sm_panic(const char *format, ...) {
  sm_print("\nPANIC ");
  sm_print(format ? format : "");
  sm_print("\n");
  sm_serial_flush();
  while (1) {
    __asm volatile("bkpt #0");
  }
}

int main(void) {
  sm_stack_fill();
  sm_worker_init();
  sm_serial_init();
  sm_phase_init();
  sm_model_load();
  sm_console_start();
  while (1) {
    sm_serial_settle();
    struct sm_input input = sm_input_next(true);
    if (input.kind == SM_INPUT_NONE) {
      sm_serial_wait();
    } else if (input.kind == SM_INPUT_TEXT) {
      sm_console_byte(input.byte);
    } else {
      sm_link_handle(&input);
    }
  }
}
