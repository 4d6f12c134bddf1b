/*
 * Who the device works for at present: a request or a story from one port. Whoever asks at the other port meanwhile is
 * told so.
 */
#ifndef SM_HOLDER_H
#define SM_HOLDER_H

#include <stdbool.h>

#include "serial.h"

/* `console`: a line of text, not a frame, is carried out. */
void sm_holder_take(enum sm_port port, bool console);
void sm_holder_release(void);

/* "uart", "usb", "console-uart" or "console-usb". */
const char *sm_holder_name(void);

/* Answers what has come in from the port that does not hold the device. */
void sm_holder_answer_other(void);

/* Between tokens: looks at both ports. True when the holder wants the story to end (`cancel`, Ctrl-C), or has gone. */
bool sm_holder_stops(void);

#endif
