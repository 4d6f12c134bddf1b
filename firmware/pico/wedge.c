#include "wedge.h"

#include <stdbool.h>

#include "hardware/irq.h"
#include "hardware/sync.h"
#include "hardware/timer.h"
#include "pico.h"
#include "worker.h"

#define ALARM 3u
#define INTO_THE_TOKEN_US 30u

static struct {
  bool armed;
  uint8_t core;
  uint16_t position;
} wedge;

/* SysTick still interrupts it, as it would a core that runs in circles. */
static void __not_in_flash_func(hang)(void) {
  while (1) {
    __wfe();
  }
}

static void __not_in_flash_func(hang_job)(void *job) {
  (void)job;
  hang();
}

/* Core 0 hangs in an interrupt that comes in the middle of the token. */
static void hang_soon(void) {
  irq_set_exclusive_handler(TIMER_IRQ_3, hang);
  hw_set_bits(&timer_hw->inte, 1u << ALARM);
  irq_set_enabled(TIMER_IRQ_3, true);
  timer_hw->alarm[ALARM] = time_us_32() + INTO_THE_TOKEN_US;
}

_Noreturn void sm_wedge_now(uint32_t core) {
  if (core == 1) {
    sm_worker_start(hang_job, NULL);
    sm_worker_join();
  }
  while (1) {
    hang();
  }
}

void sm_wedge_arm(uint32_t core, uint32_t position) {
  wedge.armed = true;
  wedge.core = (uint8_t)core;
  wedge.position = (uint16_t)position;
}

/* Core 1 is given work that never ends: core 0 waits for it in the first phase that both share. */
void sm_wedge_check(uint32_t position) {
  if (!wedge.armed || wedge.position != position) {
    return;
  }
  wedge.armed = false;
  if (wedge.core == 1) {
    sm_worker_start(hang_job, NULL);
  } else {
    hang_soon();
  }
}
