/*
 * The text console for a person (LINK.md, Console).
 */
#ifndef SM_CONSOLE_H
#define SM_CONSOLE_H

#include <stdint.h>

/* Banner and first prompt. */
void sm_console_start(void);

/* One typed byte. A finished line is carried out before this returns. */
void sm_console_byte(uint8_t byte);

#endif
