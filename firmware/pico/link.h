/*
 * The link protocol (LINK.md): one request in, answers and events out.
 */
#ifndef SM_LINK_H
#define SM_LINK_H

#include <stdbool.h>

#include "input.h"

/* Carries out one request, or answers what was no request. */
void sm_link_handle(const struct sm_input *input);

/* Answers with `busy`, or with what makes it no request: the device works for somebody else. */
void sm_link_refuse(const struct sm_input *input);

/* The same for the one it works for, but takes `cancel`. Returns true when the request was a cancel. */
bool sm_link_handle_while_busy(const struct sm_input *input);

#endif
