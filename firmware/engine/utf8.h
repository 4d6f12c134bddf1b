/*
 * UTF-8 as the Unicode standard defines it (version 15, table 3-7): no overlong forms, no surrogates.
 */
#ifndef SM_UTF8_H
#define SM_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Returns the bytes of the code point at text[0] (1..4) of a text with `left` >= 1 bytes left, or 0 when the bytes
 * there are not UTF-8. */
size_t sm_utf8_length(const uint8_t *text, size_t left);

#endif
