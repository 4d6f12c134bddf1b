/*
 * How deep the stacks have ever been: unused stack keeps the fill pattern of boot.
 */
#ifndef SM_STACK_GUARD_H
#define SM_STACK_GUARD_H

#include <stdbool.h>
#include <stdint.h>

/* Fills what is free of both stacks. Call first in main, on core 0. */
void sm_stack_fill(void);

/* Bytes of the core's stack that were ever used. Core 1's is 0 as long as nothing ran on it. */
uint32_t sm_stack_high_water(uint32_t core);

/* False when a stack has reached its last words. */
bool sm_stack_intact(void);

#endif
