/* Vectors and priorities for the rows about exceptions. */
#include "hardware/structs/nvic.h"
#include "hardware/structs/scb.h"
#include "hardware/structs/systick.h"
#include "rows.h"

#define FIRST_IRQ 26
#define SECOND_IRQ 27
#define VECTORS 48

void exceptions_prepare(uint32_t first, uint32_t second, uint32_t priorities);
void exceptions_restore(void);

static uint32_t saved[VECTORS];

/**
 * The first handler serves interrupt 26 and the system exceptions, the second interrupt 27, and SysTick when priorities differ.
 * Byte 0 of `priorities` is that of 26; 27 has byte 1 when they are equal, otherwise the highest.
 */
void exceptions_prepare(uint32_t first, uint32_t second, uint32_t priorities) {
  volatile uint32_t *vectors = (volatile uint32_t *)scb_hw->vtor;
  const uint32_t low = priorities & 0xff;
  const bool same = low == priorities >> 8;
  for (int i = 0; i < VECTORS; i++) saved[i] = vectors[i];
  vectors[2] = vectors[11] = vectors[14] = vectors[16 + FIRST_IRQ] = first;
  vectors[15] = same ? first : second;
  vectors[16 + SECOND_IRQ] = second;
  nvic_hw->ipr[FIRST_IRQ / 4] = low << 16 | (same ? low : 0) << 24;
  nvic_hw->iser = 1u << FIRST_IRQ | 1u << SECOND_IRQ;
}

/** As before, with SysTick counting from 0xffffff and nothing pending. */
void exceptions_restore(void) {
  volatile uint32_t *vectors = (volatile uint32_t *)scb_hw->vtor;
  systick_hw->csr = 5;
  systick_hw->rvr = 0xffffff;
  systick_hw->cvr = 0;
  scb_hw->icsr = 1u << 25 | 1u << 27;
  nvic_hw->icer = 1u << FIRST_IRQ | 1u << SECOND_IRQ;
  nvic_hw->icpr = 1u << FIRST_IRQ | 1u << SECOND_IRQ;
  for (int i = 0; i < VECTORS; i++) vectors[i] = saved[i];
}
