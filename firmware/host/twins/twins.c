/*
 * Every hand-written kernel against its portable twin, on the chip itself: operands come from a seed, both kernels run, the
 * results and what lies behind them are compared. Linked into the engine alone (build-m0.ts, `twins`), for tests.
 *
 * Operands are random, or all at an end of their range, so that sums reach the bounds within which a kernel is exact.
 */
#include <string.h>

#include "../../engine/arith.h"
#include "../../engine/image.h"
#include "../../kernels/activation.h"
#include "../../kernels/attention.h"
#include "../../kernels/matvec.h"
#include "../../kernels/norm.h"
#include "../../kernels/rope.h"
#include "../../kernels/sums.h"
#include "../../kernels/vector.h"

enum { WORDS = 4096, VALUES = 1024, GUARD = 4, STALE = 0x5a5a5a5a };

static uint32_t words[WORDS];
static uint16_t halves[VALUES];
static int32_t in[VALUES], in2[VALUES];
static int32_t fast[VALUES + GUARD], portable[VALUES + GUARD], more[VALUES + GUARD];
static uint32_t state;

static uint32_t u32(void) {
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}

static int32_t between(int32_t least, int32_t most) {
  return least + (int32_t)((u32() >> 3) % (uint32_t)(most - least + 1));
}

static int one_in(int32_t n) { return between(1, n) == 1; }

/* ---- operands --------------------------------------------------------------------------------------------------- */

/* Within +-most: anything, small, or at the ends. */
static void draw_values(int32_t *out, uint32_t n, int32_t most) {
  int32_t kind = between(0, 6);
  for (uint32_t i = 0; i < n; i++) {
    out[i] = kind < 2    ? between(-most, most)
             : kind == 2 ? between(-3, 3) * (most > 3)
             : kind == 3 ? most
             : kind == 4 ? -most
             : kind == 5 ? (u32() & 16u ? most : -most)
                         : 0;
  }
}

/* Around zero, with the ends of 16 and 32 bits among them. */
static void draw_wide(int32_t *out, uint32_t n) {
  static const int32_t ends[] = {-32769, -32768, -32767, 32766, 32767, 32768, INT32_MAX, INT32_MIN, 0};
  static const int32_t ranges[] = {300, 5000, 40000, 1 << 29};
  int32_t range = ranges[between(0, 3)];
  for (uint32_t i = 0; i < n; i++) out[i] = one_in(8) ? ends[between(0, 8)] : between(-range, range);
}

/* Bytes 00, 01, ff and nibbles 0, f are the ends of a biased weight. */
static void draw_words(uint32_t n) {
  static const uint32_t ends[] = {0, 0xffffffff, 0xff00ff00, 0x00ff00ff, 0x01010101, 0xff01ff01, 0xf0f0f0f0, 0x0f0f0f0f};
  int32_t kind = between(0, 5);
  for (uint32_t i = 0; i < n; i++) {
    words[i] = kind < 2 ? u32() : kind == 2 ? ends[between(0, 7)] : kind == 3 ? 0 : kind == 4 ? ~0u : 0;
    if (kind == 5) {
      for (int j = 0; j < 32; j += 4) words[i] |= (uint32_t)(one_in(3) ? between(4, 12) : 8) << j;
    }
  }
}

static void draw_halves(uint32_t n) {
  for (uint32_t i = 0; i < n; i++) halves[i] = (uint16_t)(one_in(4) ? (u32() & 16u ? 65535 : between(0, 1)) : (int32_t)(u32() >> 16));
}

/* ---- comparison ------------------------------------------------------------------------------------------------- */

static uint32_t checksum;

static void clear(void) {
  for (uint32_t i = 0; i < VALUES + GUARD; i++) fast[i] = portable[i] = (int32_t)STALE;
}

/* The first `n` results and the guard behind them are equal, and the guard is as it was. */
static int same(uint32_t n) {
  for (uint32_t i = 0; i < n + GUARD; i++) {
    if (fast[i] != portable[i] || (i >= n && fast[i] != (int32_t)STALE)) return 0;
    checksum = checksum * 31u + (uint32_t)fast[i];
  }
  return 1;
}

/* ---- one set each; 1 when the twins agree ----------------------------------------------------------------------- */

enum { FEW = 99 };

static int matvec(uint32_t kind) {
  uint32_t few = kind == FEW, format = few ? SM_INT4 : kind;
  struct sm_matvec job;
  uint32_t lanes = format == SM_INT8 ? 4 : 8;
  uint32_t most = format == SM_INT8 ? SM_MATVEC_INT8_M0_COLUMNS : SM_MATVEC_INT4_M0_COLUMNS;
  job.columns = 4u * (uint32_t)(one_in(64) ? between(1, (int32_t)most / 4) : one_in(6) ? between(1, 44) : between(1, 6));
  uint32_t each = format == SM_INT4G32 ? 36u * ((job.columns + 31u) >> 5) : job.columns;
  job.blocks = (uint32_t)between(1, job.columns > 64 ? 2 : job.columns > 24 ? 3 : 5);
  if (few) job.columns = one_in(2) ? 4 : 8, job.blocks = (uint32_t)between(1, 8), each = job.columns;
  else if (one_in(200)) job.columns = most, job.blocks = 1, each = format == SM_INT4G32 ? 36u * (most >> 5) : most;
  draw_words(job.blocks * each);
  if (format == SM_INT4G32) {
    for (uint32_t i = 0; i < job.blocks * each; i += 36) {
      for (uint32_t j = 0; j < 8; j++) {
        ((uint16_t *)(words + i))[j] = (uint16_t)(one_in(4) ? (u32() & 16u ? 2047 : 0) : between(0, 2047));
      }
    }
  }
  draw_halves(job.blocks * lanes);
  draw_values(in, job.columns, one_in(3) ? between(1, 40) : 127);
  job.words = words;
  job.wm = halves;
  job.a = in;
  job.sum = 0;
  for (uint32_t i = 0; i < job.columns; i++) job.sum += in[i];
  job.am = one_in(8) ? 0 : one_in(4) ? 65535 : (uint32_t)between(32768, 65535);
  job.pre = few || one_in(2) ? 0 : (uint32_t)between(0, 8);
  job.post = (uint32_t)between(1, 31);
  struct sm_matrix w = {.words = words, .rows = job.blocks * lanes, .columns = job.columns, .format = (uint8_t)format};
  job.run = one_in(4) && job.columns > 32 ? 32 : sm_matvec_run(&w);
  clear();
  job.y = fast;
  (few               ? sm_matvec_few_m0
   : format == SM_INT8 ? sm_matvec_int8_m0 : format == SM_INT4 ? sm_matvec_int4_m0 : sm_matvec_int4g32_m0)(&job);
  job.y = portable;
  (format == SM_INT8   ? sm_matvec_int8_portable
   : format == SM_INT4 ? sm_matvec_int4_portable
                       : sm_matvec_int4g32_portable)(&job);
  return same(job.blocks * lanes);
}

static int int8(void) { return matvec(SM_INT8); }
static int int4(void) { return matvec(SM_INT4); }
static int int4g32(void) { return matvec(SM_INT4G32); }
static int few(void) { return matvec(FEW); }

/* n biased bytes in `words`, within +-most. */
static void draw_cache(uint32_t n, int32_t most) {
  uint8_t *bytes = (uint8_t *)words;
  draw_values(more, n > VALUES ? VALUES : n, most);
  for (uint32_t i = 0; i < n; i++) bytes[i] = (uint8_t)(more[i % VALUES] + 128);
}

static int scores(void) {
  uint32_t size = one_in(3) ? 2u : 2u * (uint32_t)(one_in(40) ? between(1, 256) : between(1, 8));
  uint32_t positions = (uint32_t)between(1, size > 60 ? 6 : 24), padded = (positions + 3u) & ~3u;
  draw_cache(padded * size, 127);
  draw_values(in, size, 127);
  clear();
  int32_t a = sm_scores_m0(fast, in, (const uint8_t *)words, size, positions);
  int32_t b = sm_scores_portable(portable, in, (const uint8_t *)words, size, positions);
  return a == b && same(padded);
}

/* Falls, as a softmax table does, from `most` to 0 or 1. */
static void draw_table(uint32_t entries, uint32_t most) {
  uint32_t value = most;
  for (uint32_t i = 0; i < entries; i++) {
    halves[i] = (uint16_t)value;
    value -= value >> 5;
    if (one_in(4) && value > 0) value--;
  }
  if (one_in(2)) halves[entries - 1] = 0;
}

static struct sm_softmax draw_softmax(void) {
  struct sm_softmax s = {halves, (uint32_t)between(1, 255), 0, (uint32_t)between(1, 31)};
  draw_table(s.last + 1u, (uint32_t)(one_in(2) ? 16383 : between(128, 4000)));
  uint32_t usual = (s.shift > 8 ? 1u << (s.shift - 8u) : 1u) & 0xffffu;
  s.mul = one_in(3) ? (uint32_t)between(0, 65535) : one_in(3) ? 0 : usual;
  return s;
}

static int weights(void) {
  uint32_t positions = (uint32_t)between(1, 40);
  struct sm_softmax s = draw_softmax();
  static const int32_t spreads[] = {0, 5, 500, 130000};
  int32_t spread = spreads[between(0, 3)], most = INT32_MIN;
  clear();
  for (uint32_t i = 0; i < positions; i++) {
    fast[i] = portable[i] = between(-spread, spread);
    if (fast[i] > most) most = fast[i];
  }
  return sm_weights_m0(fast, positions, most, &s) == sm_weights_portable(portable, positions, most, &s) && same(positions);
}

static int mix(void) {
  uint32_t size = 2u * (uint32_t)(one_in(20) ? between(1, 33) : between(1, 10)), positions = (uint32_t)between(1, 24);
  draw_cache(size * positions, 127);
  for (uint32_t i = 0; i < positions; i++) in[i] = one_in(4) ? 0 : one_in(4) ? 16383 : between(0, 16383);
  clear();
  const uint32_t *w = (const uint32_t *)in;
  sm_mix_m0((uint32_t *)fast, w, (const uint8_t *)words, size, positions);
  sm_mix_portable((uint32_t *)portable, w, (const uint8_t *)words, size, positions);
  return same(size);
}

/* All passes; the kernel may leave alone what is beyond its bounds, and only that. Stale keys are not within them. */
static int attend8(void) {
  uint32_t positions = (uint32_t)between(1, 40), padded = (positions + 3u) & ~3u, sum = 0, most = 0;
  if (one_in(100)) positions = 8192, padded = 8192;
  struct sm_softmax s = draw_softmax();
  s.shift = (uint32_t)between(6, 14);
  if (!one_in(8)) halves[s.last] = 0;
  int32_t k_max = one_in(2) ? 127 : one_in(2) ? 65 : 32, q_max = one_in(2) ? 63 : 127;
  uint8_t *keys = (uint8_t *)words, *values = keys + 8u * (padded > 40u ? 40u : padded);
  draw_cache((uint32_t)(values - keys), k_max);
  draw_values(more, 8u * 40u, 127);
  for (uint32_t i = 0; i < 8u * 40u; i++) values[i] = (uint8_t)(more[i] + 128);
  draw_values(in, 8, q_max);
  for (uint32_t i = 0; i < 8; i++) sum += (uint32_t)(in[i] * in[i]);
  for (uint32_t p = 0; p < 40u && p < padded; p++) {
    uint32_t squares = 0;
    for (uint32_t d = 0; d < 8; d++) {
      uint8_t *key = keys + (p >> 2) * 32u + 4u * d + (p & 3u);
      if (p >= positions) *key = (uint8_t)(u32() >> 16);
      squares += (uint32_t)((*key - 128) * (*key - 128));
    }
    if (p < positions && squares > most) most = squares;
  }
  struct sm_attend job = {fast, in2, in, keys, values, positions, &s, (most + 3u) >> 2, 8};
  uint32_t within = ((sum + 3u) >> 2) * job.reach < 1u << 26 && halves[s.last] == 0 && positions < 8192u;
  clear();
  if (within) in2[padded] = (int32_t)STALE;
  uint32_t done = sm_attend8_m0(&job);
  if (done != within) return 0;
  if (!done) return fast[0] == (int32_t)STALE;
  if (in2[padded] != (int32_t)STALE) return 0;
  job.t = portable;
  sm_attend_portable(&job);
  return same(8);
}

static int attend2(void) {
  uint32_t positions = (uint32_t)between(1, 40), padded = (positions + 3u) & ~3u;
  struct sm_softmax s = draw_softmax();
  s.shift = (uint32_t)between(6, 14);
  draw_cache(padded * 2u, 127);
  uint8_t *values = (uint8_t *)words + 2u * padded;
  draw_values(more, 2u * positions, 127);
  for (uint32_t i = 0; i < 2u * positions; i++) values[i] = (uint8_t)(more[i] + 128);
  draw_values(in, 2, 127);
  struct sm_attend job = {fast, in2, in, (const uint8_t *)words, values, positions, &s, 0, 2};
  clear();
  in2[padded] = (int32_t)STALE;
  sm_attend2_m0(&job);
  if (in2[padded] != (int32_t)STALE) return 0;
  job.t = portable;
  sm_attend_portable(&job);
  return same(2);
}

static struct sm_sigmoid draw_sigmoid(void) {
  struct sm_sigmoid s;
  sm_sigmoid_init(&s, halves, one_in(3) ? between(6, 21) : between(10, 13));
  /* A sigmoid of straight lines: 0.5 in the middle, and below 0.375 of one in magnitude times z where z is below 0. */
  for (int32_t i = 0; i < 1024; i++) {
    int32_t z = i - 512;
    halves[i] = (uint16_t)(z <= -128 ? (512 + z) * 10 : z < 128 ? 16384 + z * 98 : 28928 + (z - 128) * 10);
  }
  return s;
}

static int silu(void) {
  uint32_t n = (uint32_t)between(1, 40);
  struct sm_sigmoid s = draw_sigmoid();
  draw_wide(in, n);
  clear();
  return sm_silu_m0(fast, in, n, &s) == sm_silu_portable(portable, in, n, &s) && same(n);
}

static int swiglu(void) {
  uint32_t n = (uint32_t)between(1, 40);
  struct sm_sigmoid s = draw_sigmoid();
  draw_wide(in, n);
  draw_wide(in2, n);
  clear();
  return sm_swiglu_m0(fast, in, in2, n, &s) == sm_swiglu_portable(portable, in, in2, n, &s) && same(n);
}

static int rotate(void) {
  uint32_t heads = (uint32_t)between(1, 5), pairs = (uint32_t)between(1, 12), n = 2 * heads * pairs;
  struct sm_narrow to = {(uint32_t)between(0, 31), between(1, 127)};
  for (uint32_t i = 0; i < 2 * pairs; i++) halves[i] = (uint16_t)(one_in(6) ? 16384 : between(-16384, 16384));
  clear();
  draw_wide(fast, n);
  memcpy(portable, fast, 4 * n);
  sm_rotate_m0(fast, heads, pairs, (const int16_t *)halves, &to);
  sm_rotate_portable(portable, heads, pairs, (const int16_t *)halves, &to);
  return same(n);
}

static int narrow(void) {
  uint32_t n = (uint32_t)between(1, 24);
  struct sm_narrow to = {(uint32_t)between(0, 31), between(1, 127)};
  clear();
  draw_wide(fast, n);
  memcpy(portable, fast, 4 * n);
  sm_narrow_m0(fast, n, &to);
  sm_narrow_portable(portable, n, &to);
  return same(n);
}

/* Each core's part of a cache of `context` positions; what is between its bytes must stay. */
static int store(void) {
  uint32_t heads = (uint32_t)between(1, 4), size = 2u * (uint32_t)between(1, 6), step = size * 4u * (uint32_t)between(1, 3);
  uint32_t n = heads * size, bytes = heads * step;
  uint8_t *keys = (uint8_t *)words;
  draw_values(in, n, 127);
  draw_wide(in2, n);
  struct sm_narrow narrow = {(uint32_t)between(0, 31), between(1, 127)};
  struct sm_store s = {in, in2, keys + between(0, 3), keys + bytes, heads, size, step, narrow};
  memset(words, 0x5a, 4u * bytes);
  uint32_t a = sm_store_m0(&s);
  s.keys += 2u * bytes, s.values += 2u * bytes;
  uint32_t b = sm_store_portable(&s);
  return a == b && memcmp(words, keys + 2u * bytes, 2u * bytes) == 0;
}

static int scale(void) {
  uint32_t n = 4u * (uint32_t)between(1, 10), shift = one_in(3) ? 0 : (uint32_t)between(0, 17), down = (uint32_t)between(10, 24);
  uint32_t inverse = u32() >> 8;
  draw_wide(in, n);
  clear();
  return sm_scale_m0(fast, in, n, shift, inverse, down) == sm_scale_portable(portable, in, n, shift, inverse, down) && same(n);
}

static int scale_plain(void) {
  uint32_t n = 4u * (uint32_t)between(1, 10), down = (uint32_t)between(10, 24), inverse = u32() >> 8;
  draw_wide(in, n);
  clear();
  sm_scale_plain_m0(fast, in, n, inverse, down);
  sm_scale_portable(portable, in, n, 0, inverse, down);
  return same(n);
}

/* The shift leaves 15 bits, as in the norm. */
static int gain(void) {
  uint32_t n = (uint32_t)between(1, 24), a, b;
  draw_wide(in, n);
  int32_t shift = (int32_t)sm_bitlen(sm_largest_portable(in, n)) - 15;
  if (shift < -6) shift = -6;
  for (uint32_t i = 0; i < n; i++) halves[i] = (uint16_t)(one_in(6) ? 32767 : between(-32767, 32767));
  clear();
  uint32_t x = sm_gain_m0(fast, in, (const int16_t *)halves, n, shift, &a);
  uint32_t y = sm_gain_portable(portable, in, (const int16_t *)halves, n, shift, &b);
  return x == y && a == b && same(n);
}

/* Of residuals from all zero to 32 bits, both kinds, with and without eps. */
static int norm(void) {
  int32_t n = one_in(2) ? 4 : 8;
  uint32_t count = (uint32_t)n;
  int32_t range = (int32_t)(1u << between(0, 30)), offset = one_in(2) ? between(-range, range) : 0;
  if (one_in(4)) draw_wide(in, count);
  else for (uint32_t i = 0; i < count; i++) in[i] = one_in(5) ? range : sm_add(between(-range, range), offset);
  for (uint32_t i = 0; i < count; i++) {
    halves[i] = (uint16_t)(one_in(6) ? 32767 : one_in(9) ? between(-2, 2) : between(-32767, 32767));
  }
  struct sm_gain gain = {(const int16_t *)halves, (uint16_t)between(32768, 65535), (int16_t)between(-64, 64)};
  uint32_t eps = one_in(3) ? 0 : u32() >> between(6, 31);
  struct sm_scaled a = {fast, 1, 2, 3}, b = {portable, 1, 2, 3};
  if (one_in(2)) n = -n;
  clear();
  more[count] = (int32_t)STALE;
  uint32_t x = sm_norm_few_m0(&a, in, &gain, more, eps, n), y = sm_norm_few_portable(&b, in, &gain, in2, eps, n);
  if (x != y || more[count] != (int32_t)STALE) return 0;
  if (x == 0) return 1;
  checksum = checksum * 31u + a.am;
  checksum = checksum * 31u + (uint32_t)a.ae;
  return a.am == b.am && a.ae == b.ae && a.sum == b.sum && same(count);
}

/* Runs as long as the weights allow, begun anywhere in a row; or of 32. */
static int sums8(void) {
  uint32_t all = 4u * (uint32_t)(one_in(20) ? between(1, 200) : between(1, 40)), from = 4u * (uint32_t)between(0, (int32_t)all / 4 - 1);
  draw_words(all);
  draw_values(in, all, one_in(3) ? between(1, 40) : 127);
  struct sm_matrix w = {.words = words, .rows = 8, .columns = all, .format = SM_INT4};
  uint32_t run = sm_matvec_run(&w);
  struct sm_sums job = {fast, words + from, in + from, all - from, 0, run - from % run, run};
  if (one_in(4)) job.first = job.run = 32;
  clear();
  sm_sums8_int4_m0(&job);
  job.sums = portable;
  sm_sums_int4_portable(&job);
  return same(8);
}

static int sums4(void) {
  uint32_t columns = 4u * (uint32_t)(one_in(20) ? between(1, 250) : between(1, 40));
  draw_words(columns);
  draw_values(in, columns, 127);
  struct sm_sums job = {fast, words, in, columns, 0, 32, 32};
  for (uint32_t i = 0; i < columns; i++) {
    job.sum += in[i];
    words[i] = (words[i] & 0xffffu) | 0x88880000u;
  }
  clear();
  sm_sums4_int4_m0(&job);
  job.sums = portable;
  sm_sums_int4_portable(&job);
  for (uint32_t i = 4; i < 8; i++) portable[i] = (int32_t)STALE;
  return same(4);
}

static int finish(void) {
  int32_t rows = one_in(2) ? 4 : 8;
  draw_wide(in, 16);
  draw_halves(8);
  uint32_t am = one_in(8) ? 0 : (uint32_t)between(32768, 65535), pre = (uint32_t)between(0, 12), post = (uint32_t)between(1, 31);
  clear();
  for (int32_t i = 0; i < rows; i++) fast[i] = portable[i] = (int32_t)u32();
  const int32_t *other = one_in(2) ? NULL : in + 8;
  struct sm_finish f = {fast, in, other, halves, rows, am, pre, post};
  struct sm_finish p = {portable, in, other, halves, rows, am, pre, post};
  sm_finish_m0(&f);
  sm_finish_portable(&p);
  return same((uint32_t)rows);
}

static int largest(void) {
  uint32_t n = (uint32_t)between(1, 40);
  draw_wide(in, n);
  return sm_largest_m0(in, n) == sm_largest_portable(in, n);
}

static int argmax(void) {
  uint32_t n = (uint32_t)between(1, 40);
  if (one_in(2)) draw_wide(in, n);
  else draw_values(in, n, between(1, 3)); /* many equal ones */
  return sm_argmax_m0(in, n) == sm_argmax_portable(in, n);
}

static int add(void) {
  uint32_t n = (uint32_t)between(1, 40);
  clear();
  draw_wide(in, n);
  draw_wide(fast, n);
  memcpy(portable, fast, 4 * n);
  sm_add_m0(fast, in, n);
  sm_add_portable(portable, in, n);
  return same(n);
}

/* In the order of TWINS in tests/firmware/twins.ts. */
static int (*const twins[])(void) = {int8, int4,   int4g32, scores, weights, mix,   attend8, silu,   swiglu,
                                     rotate, narrow, store,   scale,  gain,    largest, argmax,  add,    norm,   sums8,  sums4,
                                     few,    finish, attend2, scale_plain};

/*
 * Runs `count` sets of twins[which] from `seed`. Returns 0, or the number of the first set (1..) whose results differ; a set's
 * operands depend on seed and number alone. Adds all results to *sum.
 */
uint32_t sm_twins(uint32_t which, uint32_t seed, uint32_t count, uint32_t *sum) {
  checksum = 0;
  for (uint32_t i = 1; i <= count; i++) {
    state = (seed * 0x9e3779b9u + i) * 0x85ebca6bu | 1u;
    u32();
    if (!twins[which]()) return i;
  }
  *sum = checksum;
  return 0;
}
