/*
 * Hangs a core on purpose, to see the watchdog recover (LINK.md, `wedge`).
 */
#ifndef SM_WEDGE_H
#define SM_WEDGE_H

#include <stdint.h>

/* At once. */
_Noreturn void sm_wedge_now(uint32_t core);

/* In the token at this position of the next story. */
void sm_wedge_arm(uint32_t core, uint32_t position);

/* The token at `position` is about to begin. */
void sm_wedge_check(uint32_t position);

#endif
