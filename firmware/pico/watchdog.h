/*
 * The watchdog: whoever is not back between tokens, or in the main loop, within four seconds has hung. It resets the chip;
 * what was being done is kept over the reset and reported.
 */
#ifndef SM_WATCHDOG_H
#define SM_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#define SM_WATCHDOG_MS 4000u

/* What the life before ended with, when it did not end by itself. */
struct sm_wedge {
  const char *cause; /* "watchdog" or "panic"; NULL: nothing went wrong */
  int8_t core;       /* that hung; -1: unknown */
  const char *phase; /* of a token; NULL: none, or unknown */
  int32_t token;     /* its position in the context; -1: no story was told */
  bool prefill;      /* the token was one of the prompt */
};

/* Reads what the life before left, and starts the watch. */
void sm_watchdog_start(void);

const struct sm_wedge *sm_watchdog_wedge(void);

/* All is well, and no token is computed. */
void sm_watchdog_feed(void);

/* All is well, and the token at `position` begins. */
void sm_watchdog_token(uint32_t position, bool prefill);

/* For the SysTick interrupt, every 2^24 cycles: keeps the phase, and whether core 1 has work. Lies in SRAM. */
void sm_watchdog_snapshot(void);

/* The program gives up (sm_panic); the reset that follows is reported as such. */
void sm_watchdog_panic(void);

#endif
