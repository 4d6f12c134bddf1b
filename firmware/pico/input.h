/*
 * Parts what comes in over a port into frames and a person's text (LINK.md, Framing).
 */
#ifndef SM_INPUT_H
#define SM_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "serial.h"

#define SM_MAX_REQUEST_BYTES 4096u

enum sm_input_kind {
  SM_INPUT_NONE,
  SM_INPUT_TEXT,      /* one byte of text */
  SM_INPUT_FRAME,     /* a payload, valid until the next call for the same port */
  SM_INPUT_BAD_FRAME, /* something between NULs that is no frame */
  SM_INPUT_TOO_LONG
};

struct sm_input {
  enum sm_input_kind kind;
  enum sm_port port;
  uint8_t byte;
  uint8_t *payload;
  size_t count;
};

/* What comes next on the port, SM_INPUT_NONE when nothing is there yet. `hurried` is false while tokens are computed between
 * the calls: then a pause inside a frame means nothing. */
struct sm_input sm_input_next(enum sm_port port, bool hurried);

/* Forgets what was begun: the port was opened anew. */
void sm_input_restart(enum sm_port port);

#endif
