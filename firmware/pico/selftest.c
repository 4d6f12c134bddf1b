#include "selftest.h"

#include "../engine/crc32.h"
#include "../engine/sampler.h"
#include "../kernels/matvec.h"
#include "board.h"
#include "clock.h"
#include "model.h"
#include "phase.h"
#include "pico/bootrom.h"
#include "hardware/timer.h"
#include "stack_guard.h"

/* The check value that every catalogue gives for this CRC. */
static bool crc_is_right(void) { return sm_crc32(0, (const uint8_t *)"123456789", 9) == 0xcbf43926u; }

/* First words of xoshiro128++ for the state 1, 2, 3, 4 (the authors' reference code). */
static bool generator_is_right(void) {
  uint32_t state[4] = {1, 2, 3, 4};
  return sm_sampler_next(state) == 641u && sm_sampler_next(state) == 1573767u &&
         sm_sampler_next(state) == 3222811527u && sm_sampler_next(state) == 3517856514u;
}

static bool pattern_holds(volatile uint32_t *from, uint32_t words, uint32_t flip) {
  for (uint32_t i = 0; i < words; i++) {
    from[i] = (uint32_t)(uintptr_t)&from[i] ^ flip;
  }
  for (uint32_t i = 0; i < words; i++) {
    if (from[i] != ((uint32_t)(uintptr_t)&from[i] ^ flip)) {
      return false;
    }
  }
  return true;
}

/* Address and inverted address in every word that no model uses, so that no two words share a cell. */
static bool arena_holds(void) {
  uint32_t used = sm_model.error == 0 ? (sm_model.image.arena_bytes + 3u) & ~3u : 0;
  volatile uint32_t *from = (volatile uint32_t *)(sm_model_arena() + used);
  uint32_t words = (SM_ARENA_BYTES - used) / 4;
  return pattern_holds(from, words, 0) && pattern_holds(from, words, 0xffffffffu);
}

/* SysTick against the 1 MHz timer over 2 ms: within 1 %, which a wrong PLL setting is not. */
static bool clock_is_right(void) {
  uint32_t us = time_us_32();
  while (time_us_32() == us) {
  }
  uint32_t start = sm_cycles();
  uint32_t from_us = time_us_32();
  while (time_us_32() - from_us < 2000u) {
  }
  uint32_t cycles = sm_cycles() - start;
  uint32_t expected = sm_clock_hz() / 500u;
  uint32_t difference = cycles > expected ? cycles - expected : expected - cycles;
  return difference < expected / 100u;
}

static bool rom_is_right(void) {
  return rom_func_lookup(ROM_FUNC_POPCOUNT32) && rom_func_lookup(ROM_FUNC_MEMCPY) &&
         rom_func_lookup(ROM_FUNC_FLASH_RANGE_PROGRAM) && !rom_func_lookup(rom_table_code('?', '?'));
}

#define TEST_ROWS 8u
#define TEST_COLUMNS 32u

/* A small weight for row r, column k, within 4 bits. */
static int32_t test_weight(uint32_t r, uint32_t k) { return (int32_t)((r * 7u + k * 5u + r * k) % 16u) - 8; }
static int32_t test_activation(uint32_t k) { return (int32_t)((k * 37u + 11u) % 255u) - 127; }
static uint32_t test_group_scale(uint32_t r) { return 100u + 50u * r; }

/* The formulas of models/ARITHMETIC.md sections 2 and 3, element by element. */
static int32_t expected_row(uint32_t r, uint8_t format, const struct sm_matrix *w, const struct sm_scaled *a, int32_t fy) {
  uint32_t acc = 0;
  for (uint32_t k = 0; k < TEST_COLUMNS; k++) {
    acc += (uint32_t)(test_weight(r, k) * test_activation(k));
  }
  if (format == SM_INT4G32) {
    acc *= test_group_scale(r);
  }
  int32_t post = w->we + a->ae - w->pre - 17 - fy;
  post = post < 1 ? 1 : post > 31 ? 31 : post;
  uint32_t scale = (w->wm[r] * a->am) >> 17;
  int32_t rounded = ((int32_t)(acc + (1u << (w->pre - 1)))) >> w->pre;
  uint32_t product = (uint32_t)rounded * scale + (1u << (post - 1));
  return (int32_t)product >> post;
}

/* Lays the test weights out as models/IMAGE.md says. Returns the words used. */
static uint32_t lay_out(uint8_t format, uint32_t *words) {
  uint32_t n = 0;
  if (format == SM_INT8) {
    for (uint32_t block = 0; block < TEST_ROWS; block += 4) {
      for (uint32_t k = 0; k < TEST_COLUMNS; k++, n++) {
        words[n] = 0;
        for (uint32_t j = 0; j < 4; j++) {
          words[n] |= (uint32_t)(test_weight(block + j, k) + 128) << (8 * j);
        }
      }
    }
    return n;
  }
  if (format == SM_INT4G32) {
    for (uint32_t r = 0; r < TEST_ROWS; r += 2, n++) {
      words[n] = test_group_scale(r) | test_group_scale(r + 1) << 16;
    }
  }
  for (uint32_t k = 0; k < TEST_COLUMNS; k++, n++) {
    words[n] = 0;
    for (uint32_t j = 0; j < 8; j++) {
      words[n] |= (uint32_t)(test_weight(j, k) + 8) << (4 * j);
    }
  }
  return n;
}

static bool matvec_is_right(uint8_t format) {
  static uint32_t words[2 * TEST_COLUMNS];
  static int32_t values[TEST_COLUMNS];
  static int32_t y[TEST_ROWS];
  static const uint16_t wm[TEST_ROWS] = {40000, 50000, 60000, 65535, 32768, 45000, 55000, 33333};
  lay_out(format, words);
  struct sm_matrix w = {0};
  w.words = words;
  w.wm = wm;
  w.rows = TEST_ROWS;
  w.columns = TEST_COLUMNS;
  w.we = 30;
  w.pre = format == SM_INT4G32 ? 9 : 2;
  w.format = format;
  w.run = sm_matvec_run(&w);
  struct sm_scaled a = {.a = values, .am = 50000, .ae = 20};
  for (uint32_t k = 0; k < TEST_COLUMNS; k++) {
    values[k] = test_activation(k);
    a.sum += values[k];
  }
  const int32_t fy = 12;
  sm_matvec(&w, &a, fy, y);
  for (uint32_t r = 0; r < TEST_ROWS; r++) {
    if (y[r] != expected_row(r, format, &w, &a, fy)) {
      return false;
    }
  }
  return true;
}

static bool int8_is_right(void) { return matvec_is_right(SM_INT8); }
static bool int4_is_right(void) { return matvec_is_right(SM_INT4); }
static bool int4g32_is_right(void) { return matvec_is_right(SM_INT4G32); }

const struct sm_selftest sm_selftests[] = {
    {"crc32", crc_is_right},          {"generator", generator_is_right}, {"arena", arena_holds},
    {"clock", clock_is_right},        {"bootrom", rom_is_right},         {"stacks", sm_stack_intact},
    {"matvec-int8", int8_is_right},   {"matvec-int4", int4_is_right},    {"matvec-int4g32", int4g32_is_right},
};
const uint32_t sm_selftest_count = sizeof sm_selftests / sizeof sm_selftests[0];
