#include "input.h"

#include "frame.h"
#include "hardware/timer.h"
#include "serial.h"

/* Payload and CRC, and COBS's one byte in 254. */
#define MAX_PIECE (SM_MAX_REQUEST_BYTES + SM_FRAME_CRC_BYTES + (SM_MAX_REQUEST_BYTES + SM_FRAME_CRC_BYTES) / 254 + 2)

/* A NUL with nothing behind it for so long was noise: a person who types now must be heard. */
#define PATIENCE_US 500000u

/* Everything since the last NUL. Text is collected as well: when the NUL before a frame was lost, it is still one. */
static uint8_t piece[MAX_PIECE];
static size_t length; /* may go beyond MAX_PIECE: then only counted */
static bool inside;   /* the last NUL began a piece, so its bytes are no text */
static uint32_t last_byte_us;

/* What the piece is that a NUL has ended. */
static struct sm_input classify(size_t count) {
  struct sm_input result = {.kind = SM_INPUT_NONE};
  int32_t payload = count > MAX_PIECE ? SM_FRAME_NO_COBS : sm_frame_decode(piece, count);
  if (payload > (int32_t)SM_MAX_REQUEST_BYTES || (inside && count > MAX_PIECE)) {
    result.kind = SM_INPUT_TOO_LONG;
  } else if (payload >= 0) {
    result = (struct sm_input){.kind = SM_INPUT_FRAME, .payload = piece, .count = (size_t)payload};
  } else if (inside) {
    result.kind = SM_INPUT_BAD_FRAME;
  }
  return result;
}

/* The NUL behind a frame, or behind what was to be one, ends it. Any other NUL, also one behind text, begins one. */
static struct sm_input end_piece(void) {
  struct sm_input result = {.kind = SM_INPUT_NONE};
  if (length > 0) {
    result = classify(length);
  }
  length = 0;
  inside = result.kind == SM_INPUT_NONE;
  return result;
}

struct sm_input sm_input_next(bool hurried) {
  uint8_t byte;
  while (sm_serial_get(&byte)) {
    uint32_t now = time_us_32();
    if (inside && hurried && now - last_byte_us > PATIENCE_US) {
      inside = false;
      length = 0;
    }
    last_byte_us = now;
    if (byte == 0) {
      struct sm_input result = end_piece();
      if (result.kind != SM_INPUT_NONE) {
        return result;
      }
      continue;
    }
    if (length < MAX_PIECE) {
      piece[length] = byte;
    }
    length++;
    if (!inside) {
      return (struct sm_input){.kind = SM_INPUT_TEXT, .byte = byte};
    }
  }
  return (struct sm_input){.kind = SM_INPUT_NONE};
}
