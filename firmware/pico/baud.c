#include "baud.h"

#include "board.h"
#include "hardware/timer.h"
#include "uart_port.h"

#define TRIAL_US 2000000u

static uint32_t proven = SM_BAUD;
static uint32_t tried = SM_BAUD;
static uint32_t since;

bool sm_baud_choose(uint32_t baud, uint32_t *real) {
  if (baud < SM_BAUD_LEAST || baud > SM_BAUD_MOST) {
    return false;
  }
  tried = baud;
  *real = sm_uart_choose(baud);
  return true;
}

void sm_baud_switch(void) {
  sm_uart_apply();
  since = time_us_32();
}

void sm_baud_heard(void) { proven = tried; }

void sm_baud_poll(void) {
  if (tried != proven && time_us_32() - since > TRIAL_US) {
    tried = proven;
    sm_uart_choose(proven);
    sm_uart_flush();
    sm_uart_apply();
  }
}
