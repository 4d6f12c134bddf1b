/*
 * Text for people on the serial port.
 */
#ifndef SM_TEXT_H
#define SM_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Writes a string; "\n" becomes CR LF. */
void sm_print(const char *text);
void sm_print_bytes(const uint8_t *bytes, size_t count);

/* Decimal, groups of three digits parted by commas. */
void sm_print_number(uint32_t value);

/* `tenths` / 10 with one decimal. */
void sm_print_tenths(uint32_t tenths);

#endif
