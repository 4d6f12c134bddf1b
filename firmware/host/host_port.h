/*
 * The engine's port to the machine the tests run on: taps are handed to the harness (main.c).
 */
#ifndef HOST_PORT_H
#define HOST_PORT_H

#include <stdint.h>

void host_tap(enum sm_tap tap, uint32_t layer, const int32_t *values, uint32_t count);

/* Splits work as for two cores, one after the other. */
extern uint32_t host_cores;
#define SM_CORES() host_cores

#define SM_TAP(tap, layer, values, count) host_tap(tap, layer, values, count)

#endif
