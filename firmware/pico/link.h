/*
 * The link protocol (LINK.md): one request in, answers and events out.
 */
#ifndef SM_LINK_H
#define SM_LINK_H

#include <stdbool.h>

#include "input.h"

/* Carries out one request, or answers what was no request. */
void sm_link_handle(const struct sm_input *input);

/* While tokens are computed: only `cancel` is taken, anything else is answered with `busy`. Returns true when the
 * request was a cancel. */
bool sm_link_handle_while_busy(const struct sm_input *input);

#endif
