#include "watchdog.h"

#include "hardware/structs/watchdog.h"
#include "hardware/watchdog.h"
#include "phase.h"
#include "pico.h"
#include "reset_reason.h"

/*
 * Scratch registers outlive the reset: 0 belongs to reset_reason.c, 4 to 7 to the boot ROM.
 * 1: what is done (position | flags), 2: the last snapshot (0: none since the last feeding), 3: panic mark
 */
#define DOING (watchdog_hw->scratch[1])
#define SNAPSHOT (watchdog_hw->scratch[2])
#define PANIC (watchdog_hw->scratch[3])

#define TOKEN 0x80000000u
#define PREFILL 0x40000000u
#define POSITION 0x0000ffffu
#define TAKEN 0x80000000u
#define CORE_1_BUSY 0x100u
#define PHASE 0xffu
#define PANIC_MARK 0x5afedeadu

static struct sm_wedge wedge;

static const char *phase_name(uint32_t phase) {
  static const char *const names[SM_PHASE_IDLE] = {"embed",  "norm", "qkv",    "rope",  "attention",
                                                   "output", "ffn",  "logits", "sample"};
  return phase < SM_PHASE_IDLE ? names[phase] : NULL;
}

/* A healthy core 1 is done within milliseconds; a snapshot comes every 134 ms, and the last one is as young as that. */
static void read_last_life(void) {
  uint32_t doing = DOING;
  uint32_t snapshot = SNAPSHOT;
  bool panicked = PANIC == PANIC_MARK;
  wedge.cause = panicked ? "panic" : "watchdog";
  wedge.core = 0; /* also when no snapshot came: then its interrupts were off */
  if (panicked) {
    wedge.core = -1;
  } else if (snapshot & CORE_1_BUSY) {
    wedge.core = 1;
  }
  wedge.phase = snapshot & TAKEN ? phase_name(snapshot & PHASE) : NULL;
  wedge.token = doing & TOKEN ? (int32_t)(doing & POSITION) : -1;
  wedge.prefill = (doing & PREFILL) != 0;
}

void sm_watchdog_start(void) {
  if (sm_reset_by_watchdog()) {
    read_last_life();
  }
  PANIC = 0;
  sm_watchdog_feed();
  watchdog_enable(SM_WATCHDOG_MS, true);
}

const struct sm_wedge *sm_watchdog_wedge(void) { return &wedge; }

void sm_watchdog_feed(void) {
  DOING = 0;
  SNAPSHOT = 0;
  watchdog_update();
}

void sm_watchdog_token(uint32_t position, bool prefill) {
  sm_watchdog_feed();
  DOING = TOKEN | (prefill ? PREFILL : 0) | position;
}

void __not_in_flash_func(sm_watchdog_snapshot)(void) {
  SNAPSHOT = TAKEN | (sm_worker.run ? CORE_1_BUSY : 0) | sm_phase_marker;
}

void sm_watchdog_panic(void) { PANIC = PANIC_MARK; }
