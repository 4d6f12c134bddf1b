/*
 * Cycles per phase of a token, counted with SysTick at clk_sys and widened to 32 bits (34 s at 125 MHz). Also the
 * engine's porting header: it replaces SM_PHASE of engine/port.h, and worker.h what is about two cores.
 *
 * The same boundaries are visible from outside: every boundary is one read of SYST_CVR followed at once by a store of
 * the phase to sm_phase_marker. SM_PHASE_IDLE ends a token.
 */
#ifndef SM_PHASE_H
#define SM_PHASE_H

#include <stdint.h>

#include "stream.h"
#include "worker.h"

#define SM_PHASE(phase) sm_phase_mark(phase)
#define SM_PHASE_IDLE 9u

/* What is free of SRAM4. */
#define SM_HOT_ALONE __attribute__((section(".scratch_x.sm"), noinline))

struct sm_phase_counts {
  uint32_t cycles;    /* sum of phases */
  uint32_t phases[9]; /* in the order of enum sm_phase */
};

extern volatile uint32_t sm_phase_marker;

/* Starts SysTick. Call once, and again after the clock has changed. */
void sm_phase_init(void);

/* Starts a new count. SysTick starts from its top, so a token's cycles do not depend on what ran before. */
void sm_phase_begin(void);

/* A phase begins, the one before ends. SM_PHASE_IDLE ends the count. */
void sm_phase_mark(uint32_t phase);

/* Gives what was counted since sm_phase_begin. */
void sm_phase_counts(struct sm_phase_counts *out);

/* Free-running cycle count modulo 2^32, for self-tests. */
uint32_t sm_cycles(void);

#endif
