/*
 * Core 1 as a worker of core 0: it sleeps (WFE) until it is given a function, calls it, and says so. A hand-off is two
 * stores and SEV. Also the engine's porting header for two cores (engine/port.h).
 *
 * What core 1 runs must lie in SRAM with everything it touches, and must not print: it has 480 bytes of stack.
 */
#ifndef SM_WORKER_H
#define SM_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#define SM_CORES() sm_cores
#define SM_PARALLEL(fn, job) sm_worker_start(fn, job)
#define SM_JOIN() sm_worker_join()
#define SM_LOCK() sm_worker_lock()
#define SM_UNLOCK() sm_worker_unlock()

struct sm_worker {
  void (*volatile run)(void *); /* NULL: idle */
  void *volatile job;
};
extern struct sm_worker sm_worker;

/* How many cores compute, 1 or 2; at most sm_worker_cores(). */
extern uint32_t sm_cores;

/* Starts core 1. Call once; it stays off where there is none that answers. */
void sm_worker_init(void);

/* Cores that may compute. */
uint32_t sm_worker_cores(void);

static inline void sm_worker_start(void (*run)(void *), void *job) {
  sm_worker.job = job;
  __asm volatile("" ::: "memory");
  sm_worker.run = run;
  __asm volatile("sev" ::: "memory");
}

/* SIO's last spinlock, of those that the SDK leaves to programs; a read that is not 0 takes it. */
#define SM_WORKER_SPINLOCK ((volatile uint32_t *)0xd000017cu)

static inline void sm_worker_lock(void) {
  while (*SM_WORKER_SPINLOCK == 0) {
  }
  __asm volatile("" ::: "memory");
}

static inline void sm_worker_unlock(void) {
  __asm volatile("" ::: "memory");
  *SM_WORKER_SPINLOCK = 0;
}

static inline void sm_worker_join(void) {
  while (sm_worker.run) {
    __asm volatile("wfe" ::: "memory");
  }
  __asm volatile("" ::: "memory");
}

#endif
