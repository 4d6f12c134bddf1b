#include "frame.h"

#include "../engine/crc32.h"

static uint32_t little_endian(const uint8_t *p) {
  return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* In place: the decoded bytes never overtake the code. Returns their number or SM_FRAME_NO_COBS. */
static int32_t cobs_decode(uint8_t *bytes, size_t count) {
  size_t in = 0;
  size_t out = 0;
  while (in < count) {
    uint8_t code = bytes[in++];
    if (code == 0 || in + code - 1 > count) {
      return SM_FRAME_NO_COBS;
    }
    for (uint8_t i = 1; i < code; i++) {
      bytes[out++] = bytes[in++];
    }
    if (code != 0xff && in < count) {
      bytes[out++] = 0;
    }
  }
  return (int32_t)out;
}

int32_t sm_frame_decode(uint8_t *bytes, size_t count) {
  int32_t decoded = cobs_decode(bytes, count);
  if (decoded < 0) {
    return decoded;
  }
  if (decoded < (int32_t)SM_FRAME_CRC_BYTES) {
    return SM_FRAME_BAD;
  }
  int32_t payload = decoded - (int32_t)SM_FRAME_CRC_BYTES;
  return sm_crc32(0, bytes, (size_t)payload) == little_endian(bytes + payload) ? payload : SM_FRAME_BAD;
}

struct cobs_encoder {
  uint8_t block[254];
  uint8_t used;
  void (*put)(uint8_t);
};

static void end_block(struct cobs_encoder *cobs) {
  cobs->put((uint8_t)(cobs->used + 1));
  for (uint8_t i = 0; i < cobs->used; i++) {
    cobs->put(cobs->block[i]);
  }
  cobs->used = 0;
}

static void encode(struct cobs_encoder *cobs, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    /* A full block stands for no zero; it is written when the next byte shows that the message goes on. */
    if (cobs->used == sizeof cobs->block) {
      end_block(cobs);
    }
    if (bytes[i] == 0) {
      end_block(cobs);
    } else {
      cobs->block[cobs->used++] = bytes[i];
    }
  }
}

void sm_frame_send(const uint8_t *payload, size_t count, void (*put)(uint8_t)) {
  uint32_t crc = sm_crc32(0, payload, count);
  const uint8_t tail[SM_FRAME_CRC_BYTES] = {(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16),
                                            (uint8_t)(crc >> 24)};
  struct cobs_encoder cobs = {.used = 0, .put = put};
  put(0);
  encode(&cobs, payload, count);
  encode(&cobs, tail, sizeof tail);
  end_block(&cobs);
  put(0);
}
