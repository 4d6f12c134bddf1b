#include "link.h"

#include <string.h>

#include "baud.h"
#include "cbor.h"
#include "frame.h"
#include "holder.h"
#include "link_board.h"
#include "link_generate.h"
#include "link_out.h"
#include "memory_map.h"
#include "model.h"
#include "selftest.h"
#include "serial.h"
#include "stack_guard.h"

/* An id of the image, or null when the model has none. */
static void put_id(struct sm_cbor_writer *w, const char *key, uint16_t id) {
  sm_cbor_text(w, key);
  if (id == SM_NO_TOKEN) {
    sm_cbor_null(w);
  } else {
    sm_cbor_unsigned(w, id);
  }
}

static void describe(uint32_t id, const struct sm_cbor_item *request) {
  (void)request;
  const struct sm_image *image = &sm_model.image;
  const struct sm_config *c = &image->config;
  struct sm_cbor_writer *w = sm_answer_begin(id, 19);
  sm_cbor_pair_text(w, "name", image->name);
  sm_cbor_pair_text(w, "family", sm_model_family());
  sm_cbor_pair_unsigned(w, "vocabulary", c->vocabulary);
  sm_cbor_pair_unsigned(w, "dim", c->dim);
  sm_cbor_pair_unsigned(w, "hidden", c->hidden);
  sm_cbor_pair_unsigned(w, "layers", c->layers);
  sm_cbor_pair_unsigned(w, "heads", c->heads);
  sm_cbor_pair_unsigned(w, "kvHeads", c->kv_heads);
  sm_cbor_pair_unsigned(w, "headSize", c->head_size);
  sm_cbor_pair_unsigned(w, "context", c->context);
  sm_cbor_pair_unsigned(w, "parameters", c->parameters);
  sm_cbor_pair_text(w, "format", sm_model_format());
  sm_cbor_pair_bool(w, "tied", c->tied != 0);
  sm_cbor_pair_unsigned(w, "imageBytes", image->total_bytes);
  sm_cbor_pair_unsigned(w, "imageCrc", image->crc);
  sm_cbor_pair_unsigned(w, "sramBytes", image->arena_bytes);
  sm_cbor_pair_unsigned(w, "flashBytes", image->total_bytes);
  put_id(w, "bos", c->bos);
  put_id(w, "eos", c->eos);
  sm_answer_send();
}

static void cancel(uint32_t id, const struct sm_cbor_item *request) {
  (void)request;
  sm_ok_send(id);
}

/* All tests run before the answer is begun: they take milliseconds, the answer must leave in one piece. */
static void selftest(uint32_t id, const struct sm_cbor_item *request) {
  (void)request;
  uint32_t passed = 0;
  for (uint32_t i = 0; i < sm_selftest_count; i++) {
    passed |= sm_selftests[i].run() ? 1u << i : 0;
  }
  struct sm_cbor_writer *w = sm_answer_begin(id, 2);
  sm_cbor_pair_bool(w, "ok", passed == (1u << sm_selftest_count) - 1);
  sm_cbor_text(w, "tests");
  sm_cbor_map(w, sm_selftest_count);
  for (uint32_t i = 0; i < sm_selftest_count; i++) {
    sm_cbor_pair_bool(w, sm_selftests[i].name, passed >> i & 1);
  }
  sm_answer_send();
}

static void memory(uint32_t id, const struct sm_cbor_item *request) {
  (void)request;
  struct sm_memory_region regions[SM_MEMORY_REGIONS];
  uint32_t count = sm_memory_map(regions);
  struct sm_cbor_writer *w = sm_answer_begin(id, 3);
  sm_cbor_text(w, "regions");
  sm_cbor_array(w, count);
  for (uint32_t i = 0; i < count; i++) {
    sm_cbor_map(w, 3);
    sm_cbor_pair_text(w, "name", regions[i].name);
    sm_cbor_pair_unsigned(w, "address", regions[i].address);
    sm_cbor_pair_unsigned(w, "bytes", regions[i].bytes);
  }
  sm_cbor_text(w, "stackHighWater");
  sm_cbor_array(w, 2);
  sm_cbor_unsigned(w, sm_stack_high_water(0));
  sm_cbor_unsigned(w, sm_stack_high_water(1));
  sm_cbor_pair_unsigned(w, "heapBytes", 0);
  sm_answer_send();
}

static const struct {
  const char *name;
  bool needs_model;
  void (*run)(uint32_t id, const struct sm_cbor_item *request);
} operations[] = {
    {"hello", false, sm_link_hello},     {"describe", true, describe},        {"generate", true, sm_link_generate},
    {"cancel", false, cancel},           {"logits", true, sm_link_logits},    {"selftest", false, selftest},
    {"memory", false, memory},           {"clock", false, sm_link_clock},     {"baud", false, sm_link_baud},
    {"reboot", false, sm_link_reboot},   {"bootsel", false, sm_link_bootsel}, {"wedge", false, sm_link_wedge},
};

/* What a received piece is: a request, or the error that answers it. */
struct request {
  struct sm_cbor_item map, op;
  uint32_t id;
  const char *error, *message; /* NULL: it is a request */
};

static struct request refused(const char *error, const char *message) {
  return (struct request){.error = error, .message = message};
}

static struct request open_request(const struct sm_input *input) {
  struct request r = {0};
  struct sm_cbor_item number;
  if (input->kind == SM_INPUT_BAD_FRAME) {
    return refused("bad-frame", "bytes between NULs that are no COBS code with a right CRC");
  }
  if (input->port == SM_PORT_UART) {
    sm_baud_heard();
  }
  if (input->kind == SM_INPUT_TOO_LONG) {
    return refused("too-long", "a request has at most 4096 bytes");
  }
  if (!sm_cbor_open(input->payload, input->count, &r.map)) {
    return refused("bad-cbor", "not one map with text keys and definite lengths");
  }
  if (!sm_cbor_get(&r.map, "id", &number) || number.type != SM_CBOR_UNSIGNED || number.value > 0xffffffffu) {
    return refused("bad-argument", "id is missing or not a u32");
  }
  r.id = (uint32_t)number.value;
  if (!sm_cbor_get(&r.map, "op", &r.op) || r.op.type != SM_CBOR_TEXT) {
    r.error = "bad-argument";
    r.message = "op is missing or not text";
  }
  return r;
}

static bool is_named(const struct sm_cbor_item *op, const char *name) {
  return op->value == strlen(name) && memcmp(op->bytes, name, (size_t)op->value) == 0;
}

void sm_link_handle(const struct sm_input *input) {
  const struct request r = open_request(input);
  if (r.error) {
    sm_error_send(r.id, r.error, r.message);
    return;
  }
  for (uint32_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
    if (!is_named(&r.op, operations[i].name)) {
      continue;
    }
    if (operations[i].needs_model && sm_model.error != 0) {
      sm_error_send(r.id, "no-model", sm_error_name(sm_model.error));
    } else {
      operations[i].run(r.id, &r.map);
    }
    return;
  }
  sm_error_send(r.id, "unknown-op", "see LINK.md for the operations");
}

/* A message of its own memory: the one that waits for a slow reader lies in the usual one. */
static void refuse(const struct request *r) {
  uint8_t bytes[192];
  struct sm_cbor_writer w = {.bytes = bytes, .capacity = sizeof bytes};
  sm_cbor_map(&w, r->error ? 3 : 4);
  sm_cbor_pair_unsigned(&w, "re", r->id);
  sm_cbor_pair_text(&w, "error", r->error ? r->error : "busy");
  sm_cbor_pair_text(&w, "message", r->error ? r->message : "a request is carried out; cancel ends a story");
  if (!r->error) {
    sm_cbor_pair_text(&w, "holder", sm_holder_name());
  }
  sm_frame_send(w.bytes, w.count, sm_serial_put);
}

void sm_link_refuse(const struct sm_input *input) {
  const struct request r = open_request(input);
  refuse(&r);
}

bool sm_link_handle_while_busy(const struct sm_input *input) {
  const struct request r = open_request(input);
  if (!r.error && is_named(&r.op, "cancel")) {
    sm_ok_send(r.id);
    return true;
  }
  refuse(&r);
  return false;
}
