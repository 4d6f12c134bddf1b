#include "link.h"

#include <string.h>

#include "../engine/engine.h"
#include "board.h"
#include "cbor.h"
#include "clock.h"
#include "link_generate.h"
#include "link_out.h"
#include "memory_map.h"
#include "model.h"
#include "reset_reason.h"
#include "selftest.h"
#include "serial.h"
#include "stack_guard.h"
#include "worker.h"

#define PROTOCOL 1u

/* An id of the image, or null when the model has none. */
static void put_id(struct sm_cbor_writer *w, const char *key, uint16_t id) {
  sm_cbor_text(w, key);
  if (id == SM_NO_TOKEN) {
    sm_cbor_null(w);
  } else {
    sm_cbor_unsigned(w, id);
  }
}

static void put_text_or_null(struct sm_cbor_writer *w, const char *key, const char *text) {
  sm_cbor_text(w, key);
  if (text) {
    sm_cbor_text(w, text);
  } else {
    sm_cbor_null(w);
  }
}

static void hello(uint32_t id, const struct sm_cbor_item *request) {
  (void)request;
  bool loaded = sm_model.error == 0;
  struct sm_cbor_writer *w = sm_answer_begin(id, 10);
  sm_cbor_pair_unsigned(w, "protocol", PROTOCOL);
  sm_cbor_pair_text(w, "firmware", SM_FIRMWARE_VERSION);
  sm_cbor_pair_text(w, "board", SM_BOARD_NAME);
  sm_cbor_pair_unsigned(w, "clockHz", sm_clock_hz());
  sm_cbor_pair_unsigned(w, "cores", sm_worker_cores());
  sm_cbor_pair_unsigned(w, "arenaBytes", SM_ARENA_BYTES);
  sm_cbor_pair_unsigned(w, "engineVersion", SM_ENGINE_VERSION);
  put_text_or_null(w, "model", loaded ? sm_model.image.name : NULL);
  put_text_or_null(w, "modelError", loaded ? NULL : sm_error_name(sm_model.error));
  sm_cbor_pair_text(w, "resetReason", sm_reset_reason());
  sm_answer_send();
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
  sm_cbor_pair_bool(sm_answer_begin(id, 1), "ok", true);
  sm_answer_send();
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

static void set_clock(uint32_t id, const struct sm_cbor_item *request) {
  struct sm_cbor_item hz;
  if (!sm_cbor_get(request, "hz", &hz) || hz.type != SM_CBOR_UNSIGNED || hz.value > 0xffffffffu ||
      !sm_clock_set((uint32_t)hz.value)) {
    sm_error_send(id, "bad-argument", "hz is none of 125000000, 133000000 and 200000000");
    return;
  }
  sm_cbor_pair_unsigned(sm_answer_begin(id, 1), "clockHz", sm_clock_hz());
  sm_answer_send();
}

static void reboot(uint32_t id, const struct sm_cbor_item *request) {
  cancel(id, request);
  sm_serial_flush();
  sm_reboot();
}

static const struct {
  const char *name;
  bool needs_model;
  void (*run)(uint32_t id, const struct sm_cbor_item *request);
} operations[] = {
    {"hello", false, hello},   {"describe", true, describe},  {"generate", true, sm_link_generate},
    {"cancel", false, cancel}, {"logits", true, sm_link_logits}, {"selftest", false, selftest},
    {"memory", false, memory}, {"clock", false, set_clock},   {"reboot", false, reboot},
};

/* Answers what is no request at all. Returns false then. */
static bool open_request(const struct sm_input *input, struct sm_cbor_item *request, struct sm_cbor_item *op,
                         uint32_t *id) {
  if (input->kind == SM_INPUT_BAD_FRAME) {
    sm_error_send(0, "bad-frame", "bytes between NULs that are no COBS code with a right CRC");
    return false;
  }
  if (input->kind == SM_INPUT_TOO_LONG) {
    sm_error_send(0, "too-long", "a request has at most 4096 bytes");
    return false;
  }
  struct sm_cbor_item number;
  if (!sm_cbor_open(input->payload, input->count, request)) {
    sm_error_send(0, "bad-cbor", "not one map with text keys and definite lengths");
    return false;
  }
  *id = 0;
  if (sm_cbor_get(request, "id", &number) && number.type == SM_CBOR_UNSIGNED && number.value <= 0xffffffffu) {
    *id = (uint32_t)number.value;
  } else {
    sm_error_send(0, "bad-argument", "id is missing or not a u32");
    return false;
  }
  if (!sm_cbor_get(request, "op", op) || op->type != SM_CBOR_TEXT) {
    sm_error_send(*id, "bad-argument", "op is missing or not text");
    return false;
  }
  return true;
}

static bool is_named(const struct sm_cbor_item *op, const char *name) {
  return op->value == strlen(name) && memcmp(op->bytes, name, (size_t)op->value) == 0;
}

void sm_link_handle(const struct sm_input *input) {
  struct sm_cbor_item request, op;
  uint32_t id;
  if (!open_request(input, &request, &op, &id)) {
    return;
  }
  for (uint32_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
    if (!is_named(&op, operations[i].name)) {
      continue;
    }
    if (operations[i].needs_model && sm_model.error != 0) {
      sm_error_send(id, "no-model", sm_error_name(sm_model.error));
    } else {
      operations[i].run(id, &request);
    }
    return;
  }
  sm_error_send(id, "unknown-op", "see LINK.md for the operations");
}

bool sm_link_handle_while_busy(const struct sm_input *input) {
  struct sm_cbor_item request, op;
  uint32_t id;
  if (input->kind == SM_INPUT_TEXT || !open_request(input, &request, &op, &id)) {
    return false;
  }
  if (is_named(&op, "cancel")) {
    cancel(id, &request);
    return true;
  }
  sm_error_send(id, "busy", "a story is being told; cancel ends it");
  return false;
}
