/* Does the wrong thing that it is asked for by one character. */
#include <stdio.h>
#include <stdlib.h>
#include "hardware/irq.h"
#include "pico/multicore.h"
#include "pico/stdlib.h"

static volatile uint32_t zero;
static volatile uint32_t depth;
static volatile uintptr_t odd = 0x20000001;

#pragma GCC diagnostic ignored "-Winfinite-recursion"
static uint32_t __attribute__((noinline, noclone)) recurse(uint32_t n) {
  volatile uint32_t room[16];
  room[n & 15] = n;
  depth++;
  return recurse(n + 1) + room[n & 15];
}

static void __attribute__((noinline)) jump(uintptr_t target) {
  ((void (*)(void))(target | 1))();
  printf("came back\n");
}

static void core1_recurse(void) {
  depth = recurse(0);
}

static void __attribute__((noinline)) misbehave(int what) {
  switch (what) {
    case 'j': jump(0x30000000); break;
    case 'p': jump(0x40034000); break;
    case 'r': jump(0x20030000); break;
    case 'o': depth = recurse(0); break;
    case '1': multicore_launch_core1(core1_recurse); break;
    case 'z': printf("by zero: %lu\n", (unsigned long)(5 / zero)); break;
    case 't': __builtin_trap(); break;
    case 'f': *(volatile uint32_t *)XIP_BASE = 1; break;
    case 'n': *(volatile uint32_t *)0x60000000 = 1; break;
    case 'u': depth = *(volatile uint32_t *)odd; break;
    case 'a': hard_assert(zero); break;
    case 'b': __breakpoint(); break;
    case 'i': irq_set_enabled(UART1_IRQ, true); irq_set_pending(UART1_IRQ); break;
    case 'e': exit(0); break;
    case 'x': panic("out of %s", "everything"); break;
    default: break;
  }
  while (true) {
    tight_loop_contents();
  }
}

int main(void) {
  stdio_init_all();
  printf("what? ");
  int what = getchar();
  misbehave(what);
}
