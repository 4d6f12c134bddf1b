#include "worker.h"

#include "hardware/structs/scb.h"
#include "hardware/structs/sio.h"
#include "hardware/sync.h"
#include "pico.h"

#define STACK_BYTES 480u
/* Answers come within a few hundred cycles; a chip whose core 1 is silent is left with one core. */
#define PATIENCE 10000u
#define ATTEMPTS 8u

struct sm_worker __scratch_x("worker") sm_worker;
uint32_t sm_cores = 1;
static uint32_t present = 1;

extern uint32_t __StackOneBottom[], __StackOneTop[];

/* Reserves room: the linker script takes the size of this section off the top of SRAM4, and the stack is there. */
static uint32_t __attribute__((section(".stack1.worker"))) reserve[STACK_BYTES / sizeof(uint32_t)];

static void __attribute__((noreturn)) __not_in_flash_func(work)(void) {
  while (1) {
    void (*run)(void *) = sm_worker.run;
    if (!run) {
      __wfe();
      continue;
    }
    run(sm_worker.job);
    __asm volatile("" ::: "memory");
    sm_worker.run = NULL;
    __sev();
  }
}

static void drain(void) {
  while (sio_hw->fifo_st & SIO_FIFO_ST_VLD_BITS) {
    (void)sio_hw->fifo_rd;
  }
}

/* Sends a word; whether core 1 sent it back in time. */
static bool exchange(uint32_t word) {
  uint32_t patience = PATIENCE;
  if (!(sio_hw->fifo_st & SIO_FIFO_ST_RDY_BITS)) {
    return false;
  }
  sio_hw->fifo_wr = word;
  __sev();
  while (!(sio_hw->fifo_st & SIO_FIFO_ST_VLD_BITS)) {
    if (--patience == 0) {
      return false;
    }
  }
  return sio_hw->fifo_rd == word;
}

/* What the boot ROM's core 1 waits for (RP2040 datasheet 2.8.2): 0, 0, 1, vector table, stack pointer, entry. */
static bool launch(void) {
  if (&reserve[0] > &__StackOneBottom[0]) {
    return false;
  }
  const uint32_t words[] = {0, 0, 1, scb_hw->vtor, (uint32_t)__StackOneTop, (uint32_t)work};
  for (uint32_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (words[i] == 0) {
      drain();
    }
    if (!exchange(words[i])) {
      return false;
    }
  }
  return true;
}

void sm_worker_init(void) {
  for (uint32_t i = 0; i < ATTEMPTS && present == 1; i++) {
    present = launch() ? 2 : 1;
  }
}

uint32_t sm_worker_cores(void) { return present; }
