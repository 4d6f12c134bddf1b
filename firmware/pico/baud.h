/*
 * The UART's rate as somebody asked for it: tried, and given up again when no frame comes in at it.
 */
#ifndef SM_BAUD_H
#define SM_BAUD_H

#include <stdbool.h>
#include <stdint.h>

#define SM_BAUD_LEAST 9600u
#define SM_BAUD_MOST 3000000u

/* Whether there is such a rate. `real`: what the divider makes of it. */
bool sm_baud_choose(uint32_t baud, uint32_t *real);

/* Switches to what was chosen. Flush before. */
void sm_baud_switch(void);

/* A whole frame came in over the UART: the rate is right. */
void sm_baud_heard(void);

/* Goes back to the rate before when nothing was heard for two seconds. */
void sm_baud_poll(void);

#endif
