#include "reset_reason.h"

#include "hardware/structs/vreg_and_chip_reset.h"
#include "hardware/structs/watchdog.h"
#include "hardware/watchdog.h"

/* Kept in a watchdog scratch register, which survives the reset; 4 to 7 belong to the boot ROM. */
#define REBOOT_MARK 0x5afeb007u

static const char *const by_watchdog = "watchdog";

static const char *find_reason(void) {
  if (watchdog_hw->reason != 0) {
    const char *reason = watchdog_hw->scratch[0] == REBOOT_MARK ? "reboot" : by_watchdog;
    watchdog_hw->scratch[0] = 0;
    return reason;
  }
  uint32_t reset = vreg_and_chip_reset_hw->chip_reset;
  if (reset & VREG_AND_CHIP_RESET_CHIP_RESET_HAD_PSM_RESTART_BITS) {
    return "debugger";
  }
  return reset & VREG_AND_CHIP_RESET_CHIP_RESET_HAD_RUN_BITS ? "run-pin" : "power-on";
}

const char *sm_reset_reason(void) {
  static const char *reason;
  if (!reason) {
    reason = find_reason();
  }
  return reason;
}

bool sm_reset_by_watchdog(void) { return sm_reset_reason() == by_watchdog; }

_Noreturn void sm_reboot(void) {
  watchdog_hw->scratch[0] = REBOOT_MARK;
  watchdog_reboot(0, 0, 1);
  while (1) {
    tight_loop_contents();
  }
}
