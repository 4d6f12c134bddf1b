/* Both cores: FIFO, queue, mutex, semaphore, lockout, and core 1 reset and launched again. */
#include <stdio.h>
#include "hardware/sync.h"
#include "pico/multicore.h"
#include "pico/stdlib.h"
#include "pico/util/queue.h"

static queue_t numbers;
static mutex_t lock;
static semaphore_t finished;
static volatile uint32_t shared;
static volatile bool stop_counting;
static volatile uint32_t counted;

static void count_up(void) {
  for (int i = 0; i < 1000; i++) {
    mutex_enter_blocking(&lock);
    shared++;
    mutex_exit(&lock);
  }
}

static void core1_main(void) {
  multicore_fifo_push_blocking(get_core_num());
  uint32_t sum = 0;
  for (int i = 0; i < 10; i++) {
    sum += multicore_fifo_pop_blocking();
  }
  multicore_fifo_push_blocking(sum);
  for (uint32_t i = 0; i < 5; i++) {
    uint32_t square = i * i;
    queue_add_blocking(&numbers, &square);
  }
  count_up();
  sem_release(&finished);
  multicore_lockout_victim_init();
  multicore_fifo_push_blocking(1);
  while (!stop_counting) {
    counted++;
  }
  sem_release(&finished);
}

static void core1_again(void) {
  multicore_fifo_push_blocking(0x1234);
}

int main(void) {
  stdio_init_all();
  queue_init(&numbers, sizeof(uint32_t), 2);
  mutex_init(&lock);
  sem_init(&finished, 0, 2);
  multicore_launch_core1(core1_main);
  printf("core %lu answers\n", (unsigned long)multicore_fifo_pop_blocking());
  for (uint32_t i = 1; i <= 10; i++) {
    multicore_fifo_push_blocking(i);
  }
  printf("fifo sum %lu\n", (unsigned long)multicore_fifo_pop_blocking());
  printf("queue");
  for (int i = 0; i < 5; i++) {
    uint32_t square;
    queue_remove_blocking(&numbers, &square);
    printf(" %lu", (unsigned long)square);
  }
  printf("\n");
  count_up();
  sem_acquire_blocking(&finished);
  printf("mutex %lu\n", (unsigned long)shared);
  multicore_fifo_pop_blocking();
  multicore_lockout_start_blocking();
  uint32_t before = counted;
  busy_wait_us(50);
  bool still = counted == before;
  multicore_lockout_end_blocking();
  busy_wait_us(50);
  printf("lockout %s, then %s\n", still ? "still" : "moving", counted != before ? "moving" : "still");
  stop_counting = true;
  sem_acquire_blocking(&finished);
  multicore_reset_core1();
  multicore_launch_core1(core1_again);
  printf("again %lx\n", (unsigned long)multicore_fifo_pop_blocking());
  printf("done\n");
}
