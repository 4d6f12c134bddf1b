#ifndef SM_RESET_REASON_H
#define SM_RESET_REASON_H

/* Why the chip started last: "power-on", "run-pin", "debugger", "watchdog" or "reboot" (asked for over the link). */
const char *sm_reset_reason(void);

/* Resets the chip through the watchdog. Never returns. */
_Noreturn void sm_reboot(void);

#endif
