/*
 * Messages of the device, built one at a time in one buffer.
 */
#ifndef SM_LINK_OUT_H
#define SM_LINK_OUT_H

#include <stdint.h>

#include "cbor.h"
#include "phase.h"

/* Starts a message of `pairs` pairs besides `re`. */
struct sm_cbor_writer *sm_answer_begin(uint32_t re, uint32_t pairs);

/* Starts an event: `re`, `event` and `pairs` more. */
struct sm_cbor_writer *sm_event_begin(uint32_t re, const char *event, uint32_t pairs);

/* Sends the message begun last. */
void sm_answer_send(void);

/* A whole error answer. `pairs` of the caller's own may follow before sm_answer_send. */
struct sm_cbor_writer *sm_error_begin(uint32_t re, const char *error, const char *message, uint32_t pairs);
void sm_error_send(uint32_t re, const char *error, const char *message);

/* `ok: true`. */
void sm_ok_send(uint32_t re);

/* A text, or null when there is none. */
void sm_pair_text_or_null(struct sm_cbor_writer *w, const char *key, const char *text);

/* `cycles` and `phases`: two pairs. */
void sm_put_counts(struct sm_cbor_writer *w, const struct sm_phase_counts *counts);

#endif
