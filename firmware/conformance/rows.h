/* What the groups of rows share. */
#ifndef STARMIND_CONFORMANCE_ROWS_H
#define STARMIND_CONFORMANCE_ROWS_H

#include <stdint.h>

#define IN_SRAM(name) __attribute__((noinline, section(".time_critical." #name))) name

/** A row written in assembly; tables end with a null name. */
struct row {
  const char *name;
  /** Cycles of `repetitions` bodies and the empty measurement. */
  uint32_t (*measure)(void);
  uint32_t repetitions;
};

extern const struct row instruction_rows[];
extern const struct row target_rows[];
extern const struct row exception_rows[];
extern const struct row xip_rows[];

/** 4 KB in striped SRAM, aligned to 64. */
extern uint32_t conformance_buffer[1024];
extern const uint32_t conformance_flash_word;

/** Prints one line: `row,<name>,<unit>,<repetitions>,<total>`; the value is total / repetitions. */
void report(const char *name, const char *unit, uint32_t repetitions, int32_t total);
/** Waits until all output has left the chip. */
void report_flush(void);

/** Cycles between two reads of SysTick with nothing between them. */
extern uint32_t empty_cycles;

/** Cycles from a store to the next enabled interrupt, which is not taken. */
uint32_t span_to_interrupt(volatile uint32_t *trigger, uint32_t value);
/** Cycles between the next two enabled interrupts; the first is acknowledged by a load from and a store to a register. */
uint32_t span_between_interrupts(volatile uint32_t *acknowledge, uint32_t value, uint32_t irqs);
void read_words(const volatile uint32_t *a, const volatile uint32_t *b, const volatile uint32_t *c, uint32_t rounds);

/** Only this interrupt may end a span. */
void wait_for_irq(uint32_t irq);
void wait_for_no_irq(void);

/** 16 KB of a bank of SRAM that the program does not use, in the view that is not striped. */
static inline uint32_t *bank(int n) {
  return (uint32_t *)(0x2100c000u + 0x10000u * (uint32_t)n);
}

void sio_rows(void);
void flash_rows(void);
void dma_rows(void);
void pair_rows(void);
void published_rows(void);
void published_gpio_rows(void);
void peripheral_rows(void);
void clock_rows(void);

#endif
