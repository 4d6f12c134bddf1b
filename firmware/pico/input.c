#include "input.h"

#include <string.h>

#include "frame.h"
#include "hardware/timer.h"

/* Payload and CRC, and COBS's one byte in 254. */
#define MAX_PIECE (SM_MAX_REQUEST_BYTES + SM_FRAME_CRC_BYTES + (SM_MAX_REQUEST_BYTES + SM_FRAME_CRC_BYTES) / 254 + 2)

/* A NUL with nothing behind it for so long was noise: a person who types now must be heard. */
#define PATIENCE_US 500000u

/*
 * Everything since the last NUL. Text is collected as well, as far as it fits: when the NUL before a frame was lost, it is
 * still one. Most requests are short; the one port that receives a long one has the large buffer meanwhile, and if both do,
 * the bytes of the second wait where they are.
 */
#define SMALL_PIECE 192u
static uint8_t small[SM_PORTS][SMALL_PIECE];
static uint8_t large[MAX_PIECE];
static int8_t large_owner = -1;

static struct {
  uint32_t length; /* may go beyond what is kept: then only counted */
  bool inside;     /* the last NUL began a piece, so its bytes are no text */
  bool given;      /* the large buffer holds a payload that was returned */
  uint32_t last_byte_us;
} states[SM_PORTS];

static bool has_large(enum sm_port port) { return large_owner == (int8_t)port; }
static uint8_t *piece(enum sm_port port) { return has_large(port) ? large : small[port]; }
static uint32_t capacity(enum sm_port port) { return has_large(port) ? MAX_PIECE : SMALL_PIECE; }

static void give_back_large(enum sm_port port) {
  if (has_large(port)) {
    large_owner = -1;
  }
  states[port].given = false;
}

/* Whether the next byte has a place. */
static bool make_room(enum sm_port port) {
  if (states[port].length != SMALL_PIECE || !states[port].inside || has_large(port)) {
    return true;
  }
  if (large_owner >= 0) {
    return false;
  }
  large_owner = (int8_t)port;
  memcpy(large, small[port], SMALL_PIECE);
  return true;
}

/* What the piece is that a NUL has ended. */
static struct sm_input classify(enum sm_port port, uint32_t count) {
  struct sm_input result = {.kind = SM_INPUT_NONE, .port = port};
  bool inside = states[port].inside;
  int32_t payload = count > capacity(port) ? SM_FRAME_NO_COBS : sm_frame_decode(piece(port), count);
  if (payload > (int32_t)SM_MAX_REQUEST_BYTES || (inside && count > MAX_PIECE)) {
    result.kind = SM_INPUT_TOO_LONG;
  } else if (payload >= 0) {
    result.kind = SM_INPUT_FRAME;
    result.payload = piece(port);
    result.count = (size_t)payload;
  } else if (inside) {
    result.kind = SM_INPUT_BAD_FRAME;
  }
  return result;
}

/* The NUL behind a frame, or behind what was to be one, ends it. Any other NUL, also one behind text, begins one. */
static struct sm_input end_piece(enum sm_port port) {
  struct sm_input result = {.kind = SM_INPUT_NONE, .port = port};
  if (states[port].length > 0) {
    result = classify(port, states[port].length);
  }
  states[port].length = 0;
  states[port].inside = result.kind == SM_INPUT_NONE;
  states[port].given = result.kind == SM_INPUT_FRAME;
  if (!states[port].given) {
    give_back_large(port);
  }
  return result;
}

static void keep(enum sm_port port, uint8_t byte) {
  if (states[port].length < capacity(port)) {
    piece(port)[states[port].length] = byte;
  } else {
    give_back_large(port); /* too long: only counted */
  }
  states[port].length++;
}

struct sm_input sm_input_next(enum sm_port port, bool hurried) {
  uint8_t byte;
  if (states[port].given) {
    give_back_large(port);
  }
  if (states[port].inside && hurried && time_us_32() - states[port].last_byte_us > PATIENCE_US) {
    sm_input_restart(port);
  }
  while (make_room(port) && sm_serial_get(port, &byte)) {
    states[port].last_byte_us = time_us_32();
    if (byte == 0) {
      struct sm_input result = end_piece(port);
      if (result.kind != SM_INPUT_NONE) {
        return result;
      }
      continue;
    }
    keep(port, byte);
    if (!states[port].inside) {
      return (struct sm_input){.kind = SM_INPUT_TEXT, .port = port, .byte = byte};
    }
  }
  return (struct sm_input){.kind = SM_INPUT_NONE, .port = port};
}

void sm_input_restart(enum sm_port port) {
  states[port].inside = false;
  states[port].length = 0;
  give_back_large(port);
}
