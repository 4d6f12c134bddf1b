/*
 * clk_sys: 125, 133 or 200 MHz, with the core voltage each needs.
 */
#ifndef SM_CLOCK_H
#define SM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sets clk_sys and keeps the baud rate; sent bytes are flushed first. The flash divider of boot2 (2) serves all three:
 * at 200 MHz the flash runs at 100 MHz, below the 104 MHz that the slowest fast-read part allows.
 * Returns false, changing nothing, when `hz` is not one of the three.
 */
bool sm_clock_set(uint32_t hz);

uint32_t sm_clock_hz(void);

#endif
