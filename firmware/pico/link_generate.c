#include "link_generate.h"

#include "generate.h"
#include "holder.h"
#include "link_out.h"
#include "model.h"

#define IDS_PER_EVENT 64u
#define LOGITS_PER_EVENT 256u

struct run {
  uint32_t id;
  bool logits;
};

/* A missing key keeps the default. */
static bool read_u32(const struct sm_cbor_item *request, const char *key, uint32_t *value) {
  struct sm_cbor_item item;
  if (!sm_cbor_get(request, key, &item)) {
    return true;
  }
  if (item.type != SM_CBOR_UNSIGNED || item.value > 0xffffffffu) {
    return false;
  }
  *value = (uint32_t)item.value;
  return true;
}

static bool read_settings(const struct sm_cbor_item *request, struct sm_settings *settings, bool *logits) {
  struct sm_cbor_item item;
  *logits = false;
  if (sm_cbor_get(request, "logits", &item)) {
    if (item.type != SM_CBOR_BOOL) {
      return false;
    }
    *logits = item.value != 0;
  }
  *settings = (struct sm_settings){.count = SM_DEFAULT_COUNT, .top_p = SM_TOP_P_OFF, .cores = SM_DEFAULT_CORES};
  return read_u32(request, "count", &settings->count) && read_u32(request, "temperature", &settings->temperature) &&
         read_u32(request, "topK", &settings->top_k) && read_u32(request, "topP", &settings->top_p) &&
         read_u32(request, "seed", &settings->seed) && read_u32(request, "cores", &settings->cores);
}

static void refuse(uint32_t id, int error, size_t at) {
  switch (error) {
    case SM_ERR_UNKNOWN_CHARACTER:
      sm_cbor_pair_unsigned(
          sm_error_begin(id, "unknown-character", "the model's vocabulary has no token for a character", 1), "at", at);
      break;
    case SM_ERR_PROMPT_TOO_LONG: {
      struct sm_cbor_writer *w =
          sm_error_begin(id, "prompt-too-long", "the prompt has more tokens than the model's context", 2);
      sm_cbor_pair_unsigned(w, "tokens", at);
      sm_cbor_pair_unsigned(w, "context", sm_model.image.config.context);
      break;
    }
    case SM_ERR_BAD_TOKEN:
      sm_error_begin(id, "bad-token", "a token id is not below the vocabulary", 0);
      break;
    case SM_ERR_BAD_ARGUMENT:
      sm_error_begin(id, "bad-argument", "empty prompt, count 0, cores that are not there, or a sampler setting outside its range", 0);
      break;
    default:
      sm_error_begin(id, "engine-fault", sm_error_name(error), 0);
  }
  sm_answer_send();
}

/* Token ids of the request into `prompt`. False when an error was answered. */
static bool read_tokens(uint32_t id, const struct sm_cbor_item *tokens) {
  if (tokens->type != SM_CBOR_ARRAY) {
    sm_error_send(id, "bad-argument", "tokens is not an array");
    return false;
  }
  if (tokens->value > SM_MAX_PROMPT || tokens->value > sm_model.image.config.context) {
    refuse(id, SM_ERR_PROMPT_TOO_LONG, (size_t)tokens->value);
    return false;
  }
  const uint8_t *cursor = tokens->bytes;
  for (uint32_t i = 0; i < tokens->value; i++) {
    struct sm_cbor_item token;
    sm_cbor_next(tokens, &cursor, &token);
    if (token.type != SM_CBOR_UNSIGNED || token.value >= sm_model.image.config.vocabulary) {
      refuse(id, SM_ERR_BAD_TOKEN, 0);
      return false;
    }
    sm_prompt.ids[i] = (uint16_t)token.value;
  }
  sm_prompt.count = (uint32_t)tokens->value;
  return true;
}

static bool read_prompt(uint32_t id, const struct sm_cbor_item *request) {
  struct sm_cbor_item item;
  if (sm_cbor_get(request, "tokens", &item)) {
    return read_tokens(id, &item);
  }
  if (!sm_cbor_get(request, "prompt", &item) || item.type != SM_CBOR_TEXT) {
    sm_error_send(id, "bad-argument", "neither prompt (text) nor tokens (array)");
    return false;
  }
  size_t at = 0;
  int error = sm_prompt_encode(item.bytes, (size_t)item.value, &sm_prompt, &at);
  if (error != 0) {
    refuse(id, error, at);
  }
  return error == 0;
}

static void send_prompt(uint32_t id) {
  for (uint32_t from = 0; from < sm_prompt.count; from += IDS_PER_EVENT) {
    uint32_t n = sm_prompt.count - from < IDS_PER_EVENT ? sm_prompt.count - from : IDS_PER_EVENT;
    struct sm_cbor_writer *w = sm_event_begin(id, "prompt", 2);
    sm_cbor_pair_unsigned(w, "from", from);
    sm_cbor_text(w, "tokens");
    sm_cbor_array(w, n);
    for (uint32_t i = 0; i < n; i++) {
      sm_cbor_unsigned(w, sm_prompt.ids[from + i]);
    }
    sm_answer_send();
  }
}

static void send_logits(uint32_t id, uint32_t i) {
  uint32_t vocabulary = sm_model.image.config.vocabulary;
  for (uint32_t from = 0; from < vocabulary; from += LOGITS_PER_EVENT) {
    uint32_t n = vocabulary - from < LOGITS_PER_EVENT ? vocabulary - from : LOGITS_PER_EVENT;
    struct sm_cbor_writer *w = sm_event_begin(id, "logits", 3);
    sm_cbor_pair_unsigned(w, "i", i);
    sm_cbor_pair_unsigned(w, "from", from);
    sm_cbor_text(w, "values");
    sm_cbor_bytes(w, (const uint8_t *)(sm_model.engine.logits + from), n * sizeof(int32_t));
    sm_answer_send();
  }
}

static void on_prefill(void *self, uint32_t i, const struct sm_phase_counts *counts) {
  const struct run *run = self;
  struct sm_cbor_writer *w = sm_event_begin(run->id, "prefill", 3);
  sm_cbor_pair_unsigned(w, "i", i);
  sm_put_counts(w, counts);
  sm_answer_send();
}

static void on_token(void *self, uint32_t i, uint32_t token, const uint8_t *text, size_t bytes,
                     const struct sm_phase_counts *counts) {
  const struct run *run = self;
  if (run->logits) {
    send_logits(run->id, i);
  }
  struct sm_cbor_writer *w = sm_event_begin(run->id, "token", 5);
  sm_cbor_pair_unsigned(w, "i", i);
  sm_cbor_pair_unsigned(w, "token", token);
  sm_cbor_text(w, "text");
  sm_cbor_bytes(w, text, bytes);
  sm_put_counts(w, counts);
  sm_answer_send();
}

static bool is_cancelled(void *self) {
  (void)self;
  return sm_holder_stops();
}

void sm_link_generate(uint32_t id, const struct sm_cbor_item *request) {
  struct run run = {.id = id};
  struct sm_settings settings;
  if (!read_settings(request, &settings, &run.logits)) {
    sm_error_send(id, "bad-argument", "count, temperature, topK, topP, seed and cores are u32, logits is a boolean");
    return;
  }
  if (!read_prompt(id, request)) {
    return;
  }
  const struct sm_sink sink = {on_prefill, on_token, is_cancelled, &run};
  struct sm_outcome outcome;
  int error = sm_generate_check(&sm_prompt, &settings);
  if (error == 0) {
    send_prompt(id);
    error = sm_generate(&sm_prompt, &settings, &sink, &outcome);
  }
  if (error != 0) {
    refuse(id, error, sm_prompt.count);
    return;
  }
  struct sm_cbor_writer *w = sm_event_begin(id, "done", 3);
  sm_cbor_pair_text(w, "reason", outcome.reason);
  sm_cbor_pair_unsigned(w, "tokens", outcome.tokens);
  sm_cbor_pair_unsigned(w, "cycles", outcome.cycles);
  sm_answer_send();
}

void sm_link_logits(uint32_t id, const struct sm_cbor_item *request) {
  struct sm_cbor_item tokens;
  struct sm_phase_counts counts;
  if (!sm_cbor_get(request, "tokens", &tokens)) {
    sm_error_send(id, "bad-argument", "tokens is missing");
    return;
  }
  if (!read_tokens(id, &tokens)) {
    return;
  }
  int error = sm_logits_of(&sm_prompt, &counts);
  if (error != 0) {
    refuse(id, error, sm_prompt.count);
    return;
  }
  send_logits(id, 0);
  struct sm_cbor_writer *w = sm_event_begin(id, "done", 3);
  sm_cbor_pair_text(w, "reason", "length");
  sm_cbor_pair_unsigned(w, "tokens", sm_prompt.count);
  sm_cbor_pair_unsigned(w, "cycles", counts.cycles);
  sm_answer_send();
}
