/*
 * A line being typed at a terminal: cursor, editing keys, lines typed before.
 */
#ifndef SM_LINE_EDIT_H
#define SM_LINE_EDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "usb_ram.h"

enum sm_line_event {
  SM_LINE_TYPING,
  SM_LINE_ENTERED,   /* `text` is the line, ended by 0 */
  SM_LINE_CANCELLED, /* Ctrl-C */
  SM_LINE_NOISE      /* ended, but it held bytes that no keyboard sends: the rest of a frame */
};

struct sm_line {
  char *text; /* SM_LINE_BYTES and a 0 */
  uint16_t length, cursor; /* bytes; the cursor is never inside a character */
  int16_t recalled;        /* how far back in the history, 0: not */
  uint8_t escape;          /* place in an escape sequence */
  uint8_t parameter;       /* its digit */
  uint8_t missing;         /* bytes to come of a character */
  bool noise, after_cr;
};

void sm_line_start(struct sm_line *line, char *text);

/* One typed byte; what it changes is shown on the port in use. After any event but SM_LINE_TYPING the text is kept until
 * sm_line_start. */
enum sm_line_event sm_line_byte(struct sm_line *line, uint8_t byte);

/* Keeps the line for the arrow up; the same line twice in a row once. */
void sm_line_remember(const struct sm_line *line);

#endif
