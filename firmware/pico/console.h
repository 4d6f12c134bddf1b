/*
 * The text console for a person (LINK.md, Console).
 */
#ifndef SM_CONSOLE_H
#define SM_CONSOLE_H

#include <stdint.h>

/* Banner and first prompt on the port in use: after a start, and when a USB port is opened. */
void sm_console_start(void);

/* One byte typed at the port in use. A finished line is carried out before this returns. */
void sm_console_byte(uint8_t byte);

#endif
