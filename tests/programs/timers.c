/* Sleep, alarms, a repeating timer, and the two views of time agreeing. */
#include <stdio.h>
#include "hardware/timer.h"
#include "pico/stdlib.h"

static volatile uint64_t fired_at;
static volatile int ticks;

static int64_t on_alarm(alarm_id_t id, void *data) {
  (void)id;
  (void)data;
  fired_at = time_us_64();
  return 0;
}

static bool on_tick(repeating_timer_t *timer) {
  (void)timer;
  return ++ticks < 5;
}

int main(void) {
  stdio_init_all();
  uint64_t start = time_us_64();
  sleep_us(500);
  uint64_t slept = time_us_64() - start;
  printf("slept %s\n", slept >= 500 && slept < 560 ? "500 us" : "wrong");

  start = time_us_64();
  add_alarm_in_us(300, on_alarm, NULL, true);
  while (fired_at == 0) {
    tight_loop_contents();
  }
  uint64_t late = fired_at - start;
  printf("alarm %s\n", late >= 300 && late < 320 ? "after 300 us" : "wrong");

  repeating_timer_t timer;
  start = time_us_64();
  add_repeating_timer_us(-200, on_tick, NULL, &timer);
  while (ticks < 5) {
    tight_loop_contents();
  }
  uint64_t took = time_us_64() - start;
  printf("ticks %s\n", took >= 1000 && took < 1030 ? "every 200 us" : "wrong");

  alarm_id_t cancelled = add_alarm_in_us(100, on_alarm, NULL, true);
  fired_at = 0;
  printf("cancel %d\n", cancel_alarm(cancelled));
  busy_wait_us(200);
  printf("fired %d\n", fired_at != 0);
  printf("done\n");
}
