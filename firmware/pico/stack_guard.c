#include "stack_guard.h"

#include "pico.h"

#define FILL 0x5afe57acu
#define CANARY_WORDS 4u

extern uint32_t __StackBottom[], __StackTop[], __StackOneBottom[], __StackOneTop[];

static uint32_t *bottom(uint32_t core) { return core == 0 ? __StackBottom : __StackOneBottom; }
static uint32_t *top(uint32_t core) { return core == 0 ? __StackTop : __StackOneTop; }

/* Not inlined, so that everything below this frame is free. */
void __noinline sm_stack_fill(void) {
  uint32_t *end = (uint32_t *)__builtin_frame_address(0) - 16;
  for (volatile uint32_t *p = bottom(0); p < end; p++) {
    *p = FILL;
  }
  for (volatile uint32_t *p = bottom(1); p < top(1); p++) {
    *p = FILL;
  }
}

uint32_t sm_stack_high_water(uint32_t core) {
  const uint32_t *p = bottom(core);
  while (p < top(core) && *p == FILL) {
    p++;
  }
  return (uint32_t)(top(core) - p) * 4;
}

bool sm_stack_intact(void) {
  for (uint32_t core = 0; core < 2; core++) {
    for (uint32_t i = 0; i < CANARY_WORDS && bottom(core) + i < top(core); i++) {
      if (bottom(core)[i] != FILL) {
        return false;
      }
    }
  }
  return true;
}
