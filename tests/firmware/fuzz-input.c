/*
 * Frames, damaged frames and noise into the receiver (pico/input.c) of both ports at once, byte by byte in random turns, built
 * with sanitizers. After each piece of noise two good frames follow at that port: the second must come out whole.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../firmware/pico/frame.h"
#include "../../firmware/pico/input.h"

#define QUEUE 20000u

static uint32_t state, now_us;

static uint32_t next(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

static struct {
  uint8_t bytes[QUEUE];
  size_t head, tail;
  uint8_t expected[SM_MAX_REQUEST_BYTES]; /* payload of the second good frame */
  size_t count;
  int seen;
} ports[SM_PORTS];
static enum sm_port filling;

uint32_t time_us_32(void) { return now_us; }

bool sm_serial_get(enum sm_port port, uint8_t *byte) {
  if (ports[port].head == ports[port].tail) {
    return false;
  }
  *byte = ports[port].bytes[ports[port].head++];
  now_us += 3;
  return true;
}

static void put(uint8_t byte) { ports[filling].bytes[ports[filling].tail++] = byte; }

static size_t payload_of(uint8_t *out) {
  size_t count = next() % 40 == 0 ? next() % (SM_MAX_REQUEST_BYTES + 1) : next() % 250;
  for (size_t i = 0; i < count; i++) {
    out[i] = next() % 4 == 0 ? 0 : (uint8_t)next();
  }
  return count;
}

/* A frame with one disturbance, or none. */
static void put_disturbed(void) {
  static uint8_t payload[SM_MAX_REQUEST_BYTES + 400];
  size_t count = payload_of(payload);
  size_t from = ports[filling].tail;
  if (next() % 50 == 0) {
    count = SM_MAX_REQUEST_BYTES + next() % 400; /* just too long, or just not */
  }
  sm_frame_send(payload, count, put);
  size_t length = ports[filling].tail - from;
  uint8_t *frame = ports[filling].bytes + from;
  switch (next() % 7) {
    case 0:
      frame[next() % length] ^= (uint8_t)(1u << next() % 8);
      break;
    case 1:
      ports[filling].tail = from + next() % length;
      break;
    case 2: {
      size_t gone = next() % length;
      memmove(frame, frame + gone, length - gone);
      ports[filling].tail -= gone;
      break;
    }
    case 3:
      for (size_t i = 0; i < length; i++) {
        frame[i] = (uint8_t)next();
      }
      break;
    case 4:
      memset(frame, 0, length);
      break;
    default:
      break;
  }
}

int main(int argc, char **argv) {
  uint32_t runs = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
  state = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1;
  uint64_t delivered = 0, lost = 0, longer = 0, frames = 0, turns = 0;
  while (frames < runs) {
    for (filling = 0; filling < SM_PORTS; filling++) {
      ports[filling].head = ports[filling].tail = 0;
      ports[filling].seen = 0;
      put_disturbed();
      uint8_t first[] = {1, 2, 3};
      sm_frame_send(first, sizeof first, put);
      ports[filling].count = payload_of(ports[filling].expected);
      sm_frame_send(ports[filling].expected, ports[filling].count, put);
      frames += 3;
    }
    uint32_t idle = 0;
    while (idle < 1000) {
      enum sm_port port = next() % SM_PORTS;
      struct sm_input input = sm_input_next(port, next() % 2 == 0);
      idle = input.kind == SM_INPUT_NONE && ports[0].head == ports[0].tail && ports[1].head == ports[1].tail ? idle + 500 : idle;
      turns++;
      if (input.kind == SM_INPUT_NONE) {
        now_us += 1000;
      }
      if (input.kind != SM_INPUT_FRAME) {
        continue;
      }
      delivered++;
      longer += input.count > 192;
      if (input.count == ports[port].count && memcmp(input.payload, ports[port].expected, input.count) == 0) {
        ports[port].seen = 1;
      }
    }
    lost += !ports[0].seen + !ports[1].seen;
  }
  printf("{\"frames\": %" PRIu64 ", \"delivered\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"long\": %" PRIu64 ", \"turns\": %" PRIu64 "}\n",
         frames, delivered, lost, longer, turns);
  return 0;
}
