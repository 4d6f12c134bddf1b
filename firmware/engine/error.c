#include "error.h"

struct named {
  int code;
  const char *name;
};

static const struct named names[] = {
    {SM_ERR_NO_MODEL, "no-model"},
    {SM_ERR_BAD_VERSION, "bad-version"},
    {SM_ERR_TRUNCATED, "truncated"},
    {SM_ERR_BAD_LENGTH, "bad-length"},
    {SM_ERR_BAD_CRC, "bad-crc"},
    {SM_ERR_BAD_CONFIG, "bad-config"},
    {SM_ERR_BAD_DIRECTORY, "bad-directory"},
    {SM_ERR_BAD_TENSOR, "bad-tensor"},
    {SM_ERR_BAD_TABLE, "bad-table"},
    {SM_ERR_BAD_REGION, "bad-region"},
    {SM_ERR_BAD_TOKENIZER, "bad-tokenizer"},
    {SM_ERR_OVERLAP, "overlap"},
    {SM_ERR_TOO_BIG_FOR_SRAM, "too-big-for-sram"},
    {SM_ERR_TOO_BIG_FOR_FLASH, "too-big-for-flash"},
    {SM_ERR_BAD_TOKEN, "bad-token"},
    {SM_ERR_BAD_POSITION, "bad-position"},
    {SM_ERR_BAD_ARGUMENT, "bad-argument"},
    {SM_ERR_UNKNOWN_CHARACTER, "unknown-character"},
    {SM_ERR_PROMPT_TOO_LONG, "prompt-too-long"},
};

const char *sm_error_name(int error) {
  if (error >= 0) return "ok";
  for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (names[i].code == error) return names[i].name;
  }
  return "unknown-error";
}
