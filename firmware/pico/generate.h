/*
 * Running the model over a prompt and on: shared by the link and the console, which differ only in where results go.
 */
#ifndef SM_GENERATE_H
#define SM_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "phase.h"

#define SM_MAX_PROMPT 1024u /* no model has a longer context */
#define SM_DEFAULT_COUNT 64u
#define SM_DEFAULT_CORES sm_worker_cores() /* all that there are */

struct sm_prompt {
  uint16_t ids[SM_MAX_PROMPT];
  uint32_t count;
};

/* Only one story is told at a time: link and console share this. */
extern struct sm_prompt sm_prompt;

struct sm_settings {
  uint32_t count;       /* tokens wanted, 1 or more */
  uint32_t temperature; /* Q16, 0 = greedy */
  uint32_t top_k;
  uint32_t top_p; /* Q16 */
  uint32_t seed;
  uint32_t cores; /* that compute, 1 or 2 */
};

/* Where results go. Called between tokens, never inside a counted one. */
struct sm_sink {
  void (*prefill)(void *self, uint32_t i, const struct sm_phase_counts *counts);
  void (*token)(void *self, uint32_t i, uint32_t token, const uint8_t *text, size_t bytes,
                const struct sm_phase_counts *counts);
  bool (*cancelled)(void *self);
  void *self;
};

struct sm_outcome {
  const char *reason; /* "length", "eos", "context" or "cancelled" */
  uint32_t tokens;
  uint64_t cycles; /* of the token events */
};

/*
 * Encodes a text into `prompt`. Returns 0, SM_ERR_UNKNOWN_CHARACTER (byte offset in *at), or SM_ERR_PROMPT_TOO_LONG
 * (tokens, as far as they could be counted, in *at).
 */
int sm_prompt_encode(const uint8_t *text, size_t bytes, struct sm_prompt *prompt, size_t *at);

/* Returns 0, SM_ERR_BAD_ARGUMENT (sampler settings, count 0, empty prompt), SM_ERR_BAD_TOKEN or
 * SM_ERR_PROMPT_TOO_LONG. */
int sm_generate_check(const struct sm_prompt *prompt, const struct sm_settings *settings);

/* Returns what sm_generate_check does, before anything was given to the sink, otherwise 0 and the outcome. */
int sm_generate(const struct sm_prompt *prompt, const struct sm_settings *settings, const struct sm_sink *sink,
                struct sm_outcome *outcome);

/* One forward pass over the prompt; the logits are then in sm_model.engine.logits, `counts` are those of the last
 * token. Returns as sm_generate. */
int sm_logits_of(const struct sm_prompt *prompt, struct sm_phase_counts *counts);

#endif
