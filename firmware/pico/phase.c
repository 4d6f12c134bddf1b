#include "phase.h"

#include <stddef.h>
#include <string.h>

#include "hardware/exception.h"
#include "hardware/structs/systick.h"
#include "pico.h"
#include "watchdog.h"

#if SM_PHASE_PINS
#include "hardware/gpio.h"
#include "hardware/structs/sio.h"
#endif

#define SYSTICK_TOP 0x00ffffffu
#define SYSTICK_CVR (&systick_hw->cvr)

/* In one place, which costs one address: a mark is made ten times a token and more, and counts itself. */
struct state {
  volatile uint32_t marker; /* is sm_phase_marker */
  volatile uint32_t wraps;
  uint32_t last;
  uint32_t current; /* times 4 */
  uint32_t phases[SM_PHASE_IDLE + 1];
};
struct state sm_phase_state = {.marker = SM_PHASE_IDLE, .current = 4u * SM_PHASE_IDLE};
__asm(".global sm_phase_marker\n\t.set sm_phase_marker, sm_phase_state");

#if SM_PHASE_PINS
/* GPIO 2..5 carry the number of the present phase, for a logic analyser; all four change in one cycle. */
#define PHASE_PIN_SHIFT 2u
#define PHASE_PIN_MASK (0xfu << PHASE_PIN_SHIFT)

static inline void show_phase(uint32_t phase) {
  sio_hw->gpio_togl = (sio_hw->gpio_out ^ (phase << PHASE_PIN_SHIFT)) & PHASE_PIN_MASK;
}

static void init_pins(void) {
  gpio_init_mask(PHASE_PIN_MASK);
  show_phase(SM_PHASE_IDLE);
  gpio_set_dir_out_masked(PHASE_PIN_MASK);
}
#else
static inline void show_phase(uint32_t phase) { (void)phase; }
static void init_pins(void) {}
#endif

static void __not_in_flash_func(on_systick)(void) {
  sm_phase_state.wraps++;
  sm_watchdog_snapshot();
}

void sm_phase_init(void) {
  systick_hw->csr = 0;
  systick_hw->rvr = SYSTICK_TOP;
  systick_hw->cvr = 0;
  if (exception_get_vtable_handler(SYSTICK_EXCEPTION) != on_systick) {
    exception_set_exclusive_handler(SYSTICK_EXCEPTION, on_systick);
  }
  systick_hw->csr = 7; /* processor clock, interrupt, enabled */
  init_pins();
}

/*
 * The counter and the wraps belong together although an interrupt may fall between their reads: shortly before a wrap
 * the count is low and the wraps read before it are right, shortly after it the count is high and those read after.
 */
static inline uint32_t widen(uint32_t before, uint32_t count, uint32_t after) {
  uint32_t turns = count < (SYSTICK_TOP >> 1) ? before : after;
  return (turns << 24) - count;
}

uint32_t __not_in_flash_func(sm_cycles)(void) {
  uint32_t before = sm_phase_state.wraps;
  uint32_t count = *SYSTICK_CVR;
  return widen(before, count, sm_phase_state.wraps);
}

void sm_phase_begin(void) {
  memset(sm_phase_state.phases, 0, sizeof sm_phase_state.phases);
  sm_phase_state.current = 4u * SM_PHASE_IDLE;
  systick_hw->cvr = 0;
  sm_phase_state.last = sm_cycles();
}

#if SM_PHASE_PINS
void __not_in_flash_func(sm_phase_mark)(uint32_t phase) {
  struct state *state = &sm_phase_state;
  __asm volatile("" : "+l"(state)); /* all of it from here */
  uint32_t before = state->wraps;
  uint32_t count;
  /* The observable boundary: read the counter, say which phase begins. Fixed instructions, in this order. */
  __asm volatile("ldr %0, [%1]\n\t"
                 "str %2, [%3]"
                 : "=&l"(count)
                 : "l"(SYSTICK_CVR), "l"(phase), "l"(&state->marker)
                 : "memory");
  uint32_t now = widen(before, count, state->wraps);
  uint32_t *cycles = (uint32_t *)((uint8_t *)state->phases + state->current);
  *cycles += now - state->last;
  state->last = now;
  state->current = 4u * phase;
  show_phase(phase);
}
#else
/* The same, 35 cycles of its own instead of 46. */
void __attribute__((naked)) __not_in_flash_func(sm_phase_mark)(uint32_t phase) {
  __asm volatile(
      ".syntax unified\n\t"
      "ldr r3, 9f\n\t"
      "ldr r2, 8f\n\t"
      "ldr r1, [r3, #4]\n\t"
      "mov r12, r1\n\t"
      /* The observable boundary: read the counter, say which phase begins. */
      "ldr r2, [r2]\n\t"
      "str r0, [r3]\n\t"
      "ldr r1, [r3, #4]\n\t"
      "cmp r1, r12\n\t"
      "bne 2f\n\t"
      "1: lsls r1, r1, #24\n\t"
      "subs r1, r1, r2\n\t"
      "ldr r2, [r3, #8]\n\t"
      "str r1, [r3, #8]\n\t"
      "subs r1, r1, r2\n\t"
      "ldr r2, [r3, #12]\n\t"
      "lsls r0, r0, #2\n\t"
      "str r0, [r3, #12]\n\t"
      "adds r3, #16\n\t"
      "ldr r0, [r3, r2]\n\t"
      "adds r0, r0, r1\n\t"
      "str r0, [r3, r2]\n\t"
      "bx lr\n\t"
      /* A wrap came in between: the count is high after it. */
      "2: lsrs r0, r2, #23\n\t"
      "bne 3f\n\t"
      "mov r1, r12\n\t"
      "3: ldr r0, [r3]\n\t"
      "b 1b\n\t"
      ".align 2\n\t"
      "8: .word 0xe000e018\n\t"
      "9: .word sm_phase_state");
  (void)phase;
}
_Static_assert(offsetof(struct state, wraps) == 4 && offsetof(struct state, last) == 8 &&
                   offsetof(struct state, current) == 12 && offsetof(struct state, phases) == 16,
               "sm_phase_mark knows where they are");
#endif

void sm_phase_counts(struct sm_phase_counts *out) {
  out->cycles = 0;
  for (uint32_t i = 0; i < SM_PHASE_IDLE; i++) {
    out->phases[i] = sm_phase_state.phases[i];
    out->cycles += sm_phase_state.phases[i];
  }
}
