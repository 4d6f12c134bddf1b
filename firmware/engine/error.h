/*
 * Error codes. Functions return 0 or a positive result when all is well, one of these when not.
 */
#ifndef SM_ERROR_H
#define SM_ERROR_H

enum sm_error {
  SM_OK = 0,
  /* The model image, in the order in which it is checked (models/IMAGE.md, Errors). */
  SM_ERR_NO_MODEL = -1,
  SM_ERR_BAD_VERSION = -2,
  SM_ERR_TRUNCATED = -3,
  SM_ERR_BAD_LENGTH = -4,
  SM_ERR_BAD_CRC = -5,
  SM_ERR_BAD_CONFIG = -6,
  SM_ERR_BAD_DIRECTORY = -7,
  SM_ERR_BAD_TENSOR = -8,
  SM_ERR_BAD_TABLE = -9,
  SM_ERR_BAD_REGION = -10,
  SM_ERR_BAD_TOKENIZER = -11,
  SM_ERR_OVERLAP = -12,
  SM_ERR_TOO_BIG_FOR_SRAM = -13,
  SM_ERR_TOO_BIG_FOR_FLASH = -14,
  /* Requests. */
  SM_ERR_BAD_TOKEN = -20,         /* token id not below V */
  SM_ERR_BAD_POSITION = -21,      /* position not below the context */
  SM_ERR_BAD_ARGUMENT = -22,      /* sampler setting outside its range */
  SM_ERR_UNKNOWN_CHARACTER = -23, /* the tokenizer has no token for a character and no fallback */
  SM_ERR_PROMPT_TOO_LONG = -24    /* the caller's id buffer is full */
};

/* Name of an error as the link protocol and the TypeScript validator spell it ("bad-crc"). Returns "ok" for 0 and
 * above, "unknown-error" for a code that is not in the list. */
const char *sm_error_name(int error);

#endif
