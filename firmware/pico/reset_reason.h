/*
 * Why the chip started: "power-on", "run-pin", "watchdog", "reboot" (asked for over the link) or "debugger".
 */
#ifndef SM_RESET_REASON_H
#define SM_RESET_REASON_H

#include <stdbool.h>

const char *sm_reset_reason(void);

/* The watchdog ran out: nobody asked for the reset. */
bool sm_reset_by_watchdog(void);

/* Resets the chip through the watchdog, at once. */
_Noreturn void sm_reboot(void);

#endif
