#include "generate.h"

#include <string.h>

#include "board.h"
#include "hardware/structs/xip_ctrl.h"
#include "model.h"
#include "pico.h"
#include "serial.h"
#include "watchdog.h"
#include "wedge.h"

struct sm_prompt __scratch_x("prompt") sm_prompt;

int sm_prompt_encode(const uint8_t *text, size_t bytes, struct sm_prompt *prompt, size_t *at) {
  size_t scratch_bytes;
  uint16_t *ids = (uint16_t *)sm_model_scratch(&scratch_bytes);
  size_t capacity = scratch_bytes / (2 * sizeof *ids);
  int32_t count = sm_encode(&sm_model.tokenizer, text, bytes, 1, ids, ids + capacity, capacity, at);
  if (count == SM_ERR_PROMPT_TOO_LONG) {
    *at = bytes;
  }
  if (count < 0) {
    return count;
  }
  if ((uint32_t)count > sm_model.image.config.context || (uint32_t)count > SM_MAX_PROMPT) {
    *at = (size_t)count;
    return SM_ERR_PROMPT_TOO_LONG;
  }
  memcpy(prompt->ids, ids, (size_t)count * sizeof *ids);
  prompt->count = (uint32_t)count;
  return 0;
}

static int check_prompt(const struct sm_prompt *prompt) {
  const struct sm_config *config = &sm_model.image.config;
  if (prompt->count == 0) {
    return SM_ERR_BAD_ARGUMENT;
  }
  if (prompt->count > config->context) {
    return SM_ERR_PROMPT_TOO_LONG;
  }
  for (uint32_t i = 0; i < prompt->count; i++) {
    if (prompt->ids[i] >= config->vocabulary) {
      return SM_ERR_BAD_TOKEN;
    }
  }
  return 0;
}

static int prepare(const struct sm_prompt *prompt, const struct sm_settings *settings, struct sm_sampler *sampler) {
  int error = check_prompt(prompt);
  bool has_cores = settings->cores >= 1 && settings->cores <= sm_worker_cores();
  if (error == 0 && (settings->count == 0 || !has_cores)) {
    error = SM_ERR_BAD_ARGUMENT;
  }
  return error != 0 ? error
                    : sm_sampler_init(sampler, settings->temperature, settings->top_k, settings->top_p, settings->seed);
}

int sm_generate_check(const struct sm_prompt *prompt, const struct sm_settings *settings) {
  struct sm_sampler sampler;
  return prepare(prompt, settings, &sampler);
}

/*
 * What is counted. These lie in SRAM and end the count themselves, so that no instruction fetched from flash is in it and
 * a token costs the same whatever the flash cache holds of the rest of the program.
 */
static int __no_inline_not_in_flash_func(counted_forward)(uint32_t token, uint32_t position) {
  int error = sm_engine_forward(&sm_model.engine, token, position);
  sm_phase_mark(SM_PHASE_IDLE);
  return error;
}

static int32_t __no_inline_not_in_flash_func(counted_step)(uint32_t token, uint32_t position, struct sm_sampler *sampler) {
  int32_t next = sm_engine_step(&sm_model.engine, token, position, sampler);
  sm_phase_mark(SM_PHASE_IDLE);
  return next;
}

static int __no_inline_not_in_flash_func(counted_logits)(uint32_t token, uint32_t position) {
  int error = sm_engine_forward(&sm_model.engine, token, position);
  if (error == 0) {
    sm_engine_logits(&sm_model.engine);
  }
  sm_phase_mark(SM_PHASE_IDLE);
  return error;
}

/*
 * What a model has in flash is read through the cache, and so is the program between the tokens. With an empty cache a
 * token's cycles do not depend on what ran before it: on whether anyone listens, and at which port.
 */
static void empty_flash_cache(void) {
  xip_ctrl_hw->flush = 1;
  (void)xip_ctrl_hw->flush; /* answers when it is done */
}

/* What must be done before a token: nothing of a port's may happen while it is counted. */
static void begin_count(uint32_t position, bool prefill) {
  sm_serial_settle();
  sm_serial_quiet(true);
  sm_watchdog_token(position, prefill);
  sm_wedge_check(position);
  empty_flash_cache();
  sm_phase_begin();
}

static void end_count(struct sm_phase_counts *counts) {
  sm_phase_counts(counts);
  sm_serial_quiet(false);
}

/* All prompt tokens but the last, which belongs to token 0. */
static int prefill(const struct sm_prompt *prompt, const struct sm_sink *sink) {
  for (uint32_t i = 0; i + 1 < prompt->count; i++) {
    struct sm_phase_counts counts;
    begin_count(i, true);
    int error = counted_forward(prompt->ids[i], i);
    end_count(&counts);
    if (error != 0) {
      return error;
    }
    if (sink) {
      sink->prefill(sink->self, i, &counts);
      if (sink->cancelled(sink->self)) {
        return 1;
      }
    }
  }
  return 0;
}

/* Characters the tokenizer's decoder gives for the prompt are dropped; it must know what came before the first token. */
static void decode_prompt(const struct sm_prompt *prompt, struct sm_decoder *decoder) {
  const uint8_t *piece;
  memset(decoder, 0, sizeof *decoder);
  for (uint32_t i = 0; i < prompt->count; i++) {
    sm_decode(&sm_model.tokenizer, decoder, prompt->ids[i], &piece);
  }
}

/* llama2.c models tell many stories in a row, each begun by BOS; they are known by their tokenizer's leading space. */
static bool ends_story(uint32_t token) {
  const struct sm_config *config = &sm_model.image.config;
  bool bos_ends = (sm_model.tokenizer.flags & 2u) != 0;
  return token == config->eos || (bos_ends && token == config->bos);
}

static int tell(const struct sm_prompt *prompt, const struct sm_settings *settings, const struct sm_sink *sink,
                struct sm_outcome *outcome) {
  struct sm_sampler sampler;
  int error = prepare(prompt, settings, &sampler);
  if (error != 0) {
    return error;
  }
  *outcome = (struct sm_outcome){.reason = "length"};
  sm_cores = settings->cores;
  error = prefill(prompt, sink);
  if (error != 0) {
    outcome->reason = "cancelled";
    return error < 0 ? error : 0;
  }
  struct sm_decoder decoder;
  decode_prompt(prompt, &decoder);
  uint32_t token = prompt->ids[prompt->count - 1];
  uint32_t position = prompt->count - 1;
  while (outcome->tokens < settings->count) {
    if (position == sm_model.image.config.context) {
      outcome->reason = "context";
      break;
    }
    struct sm_phase_counts counts;
    begin_count(position, false);
    int32_t next = counted_step(token, position, &sampler);
    end_count(&counts);
    if (next < 0) {
      return next;
    }
    token = (uint32_t)next;
    position++;
    const uint8_t *piece;
    int32_t bytes = sm_decode(&sm_model.tokenizer, &decoder, token, &piece);
    outcome->cycles += counts.cycles;
    sink->token(sink->self, outcome->tokens++, token, piece, bytes > 0 ? (size_t)bytes : 0, &counts);
    if (ends_story(token)) {
      outcome->reason = "eos";
      break;
    }
    if (sink->cancelled(sink->self)) {
      outcome->reason = "cancelled";
      break;
    }
  }
  return 0;
}

int sm_generate(const struct sm_prompt *prompt, const struct sm_settings *settings, const struct sm_sink *sink,
                struct sm_outcome *outcome) {
  sm_board_show(1);
  int error = tell(prompt, settings, sink, outcome);
  sm_board_show(0);
  return error;
}

int sm_logits_of(const struct sm_prompt *prompt, struct sm_phase_counts *counts) {
  sm_cores = SM_DEFAULT_CORES;
  int error = check_prompt(prompt);
  if (error == 0) {
    error = prefill(prompt, NULL);
  }
  if (error != 0) {
    return error;
  }
  begin_count(prompt->count - 1, false);
  error = counted_logits(prompt->ids[prompt->count - 1], prompt->count - 1);
  end_count(counts);
  return error;
}
