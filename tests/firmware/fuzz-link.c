/*
 * Random and damaged bytes through the link's frame and CBOR readers, built with sanitizers. Each input is copied into a
 * block of exactly its size, so that reading one byte too many ends the program. Prints what was accepted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../firmware/pico/cbor.h"
#include "../../firmware/pico/frame.h"

static uint32_t state;

static uint32_t next(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

static void fail(const char *what, uint32_t run) {
  printf("run %" PRIu32 ": %s\n", run, what);
  exit(1);
}

/* --- CBOR --- */

static size_t random_request(uint8_t *out, size_t capacity) {
  static const char *const keys[] = {"op", "id", "prompt", "tokens", "count", "seed", "logits", "x"};
  struct sm_cbor_writer w = {.bytes = out, .capacity = capacity};
  uint32_t pairs = next() % 8;
  sm_cbor_map(&w, pairs);
  for (uint32_t i = 0; i < pairs; i++) {
    sm_cbor_text(&w, keys[next() % 8]);
    switch (next() % 5) {
      case 0:
        sm_cbor_unsigned(&w, (uint64_t)next() << (next() % 32));
        break;
      case 1:
        sm_cbor_text(&w, keys[next() % 8]);
        break;
      case 2:
        sm_cbor_array(&w, 2);
        sm_cbor_unsigned(&w, next() % 300);
        sm_cbor_unsigned(&w, next() % 70000);
        break;
      case 3:
        sm_cbor_bool(&w, next() & 1);
        break;
      default:
        sm_cbor_null(&w);
    }
  }
  return w.overflow ? 0 : w.count;
}

/* Looks at everything a request can hold. Returns a sum, so that nothing is optimised away. */
static uint64_t look_at(const struct sm_cbor_item *map) {
  static const char *const keys[] = {"op", "id", "prompt", "tokens", "count", "missing"};
  uint64_t sum = 0;
  for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
    struct sm_cbor_item item;
    if (!sm_cbor_get(map, keys[k], &item)) {
      continue;
    }
    if (item.type == SM_CBOR_TEXT || item.type == SM_CBOR_BYTES) {
      for (uint64_t i = 0; i < item.value; i++) {
        sum += item.bytes[i];
      }
    } else if (item.type == SM_CBOR_ARRAY) {
      const uint8_t *cursor = item.bytes;
      for (uint64_t i = 0; i < item.value; i++) {
        struct sm_cbor_item element;
        sm_cbor_next(&item, &cursor, &element);
        sum += element.value;
      }
    } else {
      sum += item.value;
    }
  }
  return sum;
}

static uint64_t fuzz_cbor(uint32_t runs) {
  uint64_t accepted = 0;
  volatile uint64_t sum = 0;
  for (uint32_t run = 0; run < runs; run++) {
    uint8_t request[600];
    size_t count = random_request(request, sizeof request);
    uint32_t changes = next() % 4;
    for (uint32_t c = 0; c < changes && count > 0; c++) {
      request[next() % count] = (uint8_t)next();
    }
    bool whole = changes == 0 && count > 0;
    if (next() % 8 == 0 && count > 0) {
      count = next() % count;
      whole = false;
    }
    uint8_t *exact = malloc(count + (count == 0));
    memcpy(exact, request, count);
    struct sm_cbor_item map;
    if (sm_cbor_open(exact, count, &map)) {
      accepted++;
      sum += look_at(&map);
    } else if (whole) {
      fail("a whole request is refused", run);
    }
    free(exact);
  }
  return accepted;
}

/* --- frames --- */

static uint8_t line[8192];
static size_t sent;
static void put(uint8_t byte) { line[sent++] = byte; }

static uint64_t fuzz_frames(uint32_t runs) {
  uint64_t undetected = 0;
  for (uint32_t run = 0; run < runs; run++) {
    uint8_t payload[1200];
    size_t count = next() % 8 == 0 ? 250 + next() % 10 : next() % sizeof payload;
    uint32_t zeros = next() % 3;
    for (size_t i = 0; i < count; i++) {
      payload[i] = zeros == 0 ? (uint8_t)(1 + next() % 255) : zeros == 1 ? (uint8_t)next() : (uint8_t)(next() % 2);
    }
    sent = 0;
    sm_frame_send(payload, count, put);
    if (line[0] != 0 || line[sent - 1] != 0 || memchr(line + 1, 0, sent - 2)) {
      fail("a NUL inside a frame, or none around it", run);
    }
    size_t coded = sent - 2;
    uint8_t *exact = malloc(coded);
    memcpy(exact, line + 1, coded);
    if (sm_frame_decode(exact, coded) != (int32_t)count || memcmp(exact, payload, count) != 0) {
      fail("a frame is not decoded to what was sent", run);
    }
    memcpy(exact, line + 1, coded);
    exact[next() % coded] ^= (uint8_t)(1 + next() % 255);
    undetected += sm_frame_decode(exact, coded) >= 0;
    for (size_t i = 0; i < coded; i++) {
      exact[i] = (uint8_t)next();
    }
    undetected += sm_frame_decode(exact, coded) >= 0;
    free(exact);
  }
  return undetected;
}

int main(int argc, char **argv) {
  uint32_t runs = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
  state = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1;
  printf("{\"cborAccepted\": %" PRIu64 ", \"undetected\": %" PRIu64 "}\n", fuzz_cbor(runs), fuzz_frames(runs));
  return 0;
}
