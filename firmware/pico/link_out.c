#include "link_out.h"

#include "frame.h"
#include "pico.h"
#include "serial.h"
#include "usb_ram.h"

static struct sm_cbor_writer writer;
static uint32_t answering; /* `re` of the message begun last */

struct sm_cbor_writer *sm_answer_begin(uint32_t re, uint32_t pairs) {
  writer = (struct sm_cbor_writer){.bytes = SM_USB_RAM->answer, .capacity = SM_MAX_ANSWER_BYTES};
  answering = re;
  sm_cbor_map(&writer, pairs + 1);
  sm_cbor_pair_unsigned(&writer, "re", re);
  return &writer;
}

struct sm_cbor_writer *sm_event_begin(uint32_t re, const char *event, uint32_t pairs) {
  sm_answer_begin(re, pairs + 1);
  sm_cbor_pair_text(&writer, "event", event);
  return &writer;
}

void sm_answer_send(void) {
  /* Only a model with pieces of a thousand bytes gets here. Half a message is worse than none, silence as well. */
  if (writer.overflow) {
    sm_error_begin(answering, "engine-fault", "an answer longer than 1200 bytes", 0);
  }
  sm_frame_send(writer.bytes, writer.count, sm_serial_put);
}

struct sm_cbor_writer *sm_error_begin(uint32_t re, const char *error, const char *message, uint32_t pairs) {
  sm_answer_begin(re, pairs + 2);
  sm_cbor_pair_text(&writer, "error", error);
  sm_cbor_pair_text(&writer, "message", message);
  return &writer;
}

void sm_error_send(uint32_t re, const char *error, const char *message) {
  sm_error_begin(re, error, message, 0);
  sm_answer_send();
}

void sm_ok_send(uint32_t re) {
  sm_cbor_pair_bool(sm_answer_begin(re, 1), "ok", true);
  sm_answer_send();
}

void sm_pair_text_or_null(struct sm_cbor_writer *w, const char *key, const char *text) {
  sm_cbor_text(w, key);
  if (text) {
    sm_cbor_text(w, text);
  } else {
    sm_cbor_null(w);
  }
}

void sm_put_counts(struct sm_cbor_writer *w, const struct sm_phase_counts *counts) {
  sm_cbor_pair_unsigned(w, "cycles", counts->cycles);
  sm_cbor_text(w, "phases");
  sm_cbor_array(w, SM_PHASE_IDLE);
  for (uint32_t i = 0; i < SM_PHASE_IDLE; i++) {
    sm_cbor_unsigned(w, counts->phases[i]);
  }
}
