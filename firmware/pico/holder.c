#include "holder.h"

#include "input.h"
#include "link.h"
#include "text.h"
#include "usb_port.h"

#define CTRL_C 0x03u

static enum sm_port holder;
static bool is_console, held;

void sm_holder_take(enum sm_port port, bool console) {
  holder = port;
  is_console = console;
  held = true;
}

void sm_holder_release(void) { held = false; }

const char *sm_holder_name(void) {
  static const char *const names[2][SM_PORTS] = {{"uart", "usb"}, {"console-uart", "console-usb"}};
  return names[is_console][holder];
}

static void answer(const struct sm_input *input) {
  if (input->kind != SM_INPUT_TEXT) {
    sm_link_refuse(input);
  } else if (input->byte == '\r' || input->byte == '\n') {
    sm_print("\nBusy: a request from ");
    sm_print(sm_holder_name());
    sm_print(" is carried out. Try again later.\n> ");
  }
}

void sm_holder_answer_other(void) {
  static bool answering; /* the answer itself may have to wait for a reader */
  if (answering || !held) {
    return;
  }
  answering = true;
  enum sm_port port = sm_serial_port();
  enum sm_port other = holder == SM_PORT_UART ? SM_PORT_USB : SM_PORT_UART;
  for (struct sm_input input = sm_input_next(other, false); input.kind != SM_INPUT_NONE;
       input = sm_input_next(other, false)) {
    sm_serial_use(other);
    answer(&input);
    sm_serial_settle();
  }
  sm_serial_use(port);
  answering = false;
}

bool sm_holder_stops(void) {
  bool stops = false;
  sm_usb_poll();
  sm_holder_answer_other();
  for (struct sm_input input = sm_input_next(holder, false); input.kind != SM_INPUT_NONE;
       input = sm_input_next(holder, false)) {
    bool typed = input.kind == SM_INPUT_TEXT;
    stops |= typed ? is_console && input.byte == CTRL_C : sm_link_handle_while_busy(&input) && !is_console;
  }
  return stops || sm_serial_gone();
}
