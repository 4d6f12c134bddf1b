/*
 * The order of tokens is never sorted. A cut in it is found by counting: 64 buckets of the distance to the largest
 * logit, then 64 finer buckets inside the one where the cut falls, until a bucket is a single value. A cut is
 * (distance, how many tokens of exactly that distance, in increasing id).
 */
#include "sampler.h"

#include "../kernels/vector.h"
#include "arith.h"
#include "port.h"

#define BUCKETS 64u
#define BUCKET_BITS 6u
#define DISTANCE_MAX ((1u << 19) - 1u) /* farther tokens weigh what this one does */

int sm_sampler_init(struct sm_sampler *s, uint32_t temperature, uint32_t top_k, uint32_t top_p, uint32_t seed) {
  if (temperature != 0 && (temperature < SM_TEMPERATURE_MIN || temperature > SM_TEMPERATURE_MAX)) {
    return SM_ERR_BAD_ARGUMENT;
  }
  if (top_p == 0) return SM_ERR_BAD_ARGUMENT;
  s->temperature = temperature;
  s->top_k = top_k;
  s->top_p = top_p;
  uint32_t h = seed;
  for (int i = 0; i < 4; i++) {
    h += 0x9e3779b9u;
    uint32_t z = h;
    z = (z ^ (z >> 16)) * 0x85ebca6bu;
    z = (z ^ (z >> 13)) * 0xc2b2ae35u;
    s->state[i] = z ^ (z >> 16);
  }
  return SM_OK;
}

static uint32_t rotate_left(uint32_t x, uint32_t n) {
  return x << n | x >> (32u - n);
}

/* xoshiro128++ 1.0, by David Blackman and Sebastiano Vigna. */
uint32_t SM_HOT sm_sampler_next(uint32_t s[4]) {
  uint32_t result = rotate_left(s[0] + s[3], 7) + s[0];
  uint32_t t = s[1] << 9;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 11);
  return result;
}

uint32_t SM_HOT sm_argmax(const int32_t *logits, uint32_t vocabulary) {
  return sm_first_largest(logits, vocabulary);
}

/* Upper 32 bits of a 32 x 32 product, from 16-bit halves. */
static uint32_t SM_HOT multiply_high(uint32_t a, uint32_t b) {
  uint32_t al = a & 0xffffu, ah = a >> 16, bl = b & 0xffffu, bh = b >> 16;
  uint32_t middle = ah * bl + (al * bl >> 16);
  uint32_t other = al * bh + (middle & 0xffffu);
  return ah * bh + (middle >> 16) + (other >> 16);
}

/* How distance becomes weight at a temperature. */
struct weighing {
  const uint16_t *table; /* exp2: (256) */
  uint32_t mul, shift;
};

static inline uint32_t weight_of(const struct weighing *w, uint32_t distance) {
  if (distance > DISTANCE_MAX) distance = DISTANCE_MAX;
  uint32_t k = distance * w->mul >> w->shift;
  return k >> 8 > 16u ? 0u : (uint32_t)w->table[k & 255u] >> (k >> 8);
}

/* The first tokens of the order: all nearer than `distance`, and `ties` of those at it. */
struct cut {
  uint32_t distance;
  uint32_t ties;
  uint32_t weight; /* of the kept tokens together */
};

struct bucket {
  uint32_t weight;
  uint32_t count;
};

/* Sorts the tokens of [low, low + 64 << shift) into buckets of 1 << shift. */
static void SM_HOT fill_buckets(struct bucket *buckets, const int32_t *logits, uint32_t vocabulary, uint32_t most,
                                uint32_t low, uint32_t shift, const struct weighing *w) {
  for (uint32_t i = 0; i < BUCKETS; i++) buckets[i].weight = 0, buckets[i].count = 0;
  for (uint32_t i = 0; i < vocabulary; i++) {
    uint32_t distance = most - (uint32_t)logits[i];
    uint32_t bucket = (distance - low) >> shift;
    if (distance < low || bucket >= BUCKETS) continue;
    buckets[bucket].count++;
    buckets[bucket].weight += weight_of(w, distance);
  }
}

/*
 * The shortest prefix of the order with `count` tokens (by_count), or with weight `need` of at least 1. `span` is the
 * largest distance there is; the whole order must satisfy the wish.
 */
static struct cut SM_HOT find_cut(const int32_t *logits, uint32_t vocabulary, uint32_t most, uint32_t span,
                                  const struct weighing *w, int by_count, uint32_t need) {
  struct bucket buckets[BUCKETS];
  struct cut cut = {0, 0, 0};
  uint32_t before = 0; /* of what is needed, in the buckets passed */
  uint32_t bits = sm_bitlen(span), shift = bits > BUCKET_BITS ? bits - BUCKET_BITS : 0;
  for (;;) {
    fill_buckets(buckets, logits, vocabulary, most, cut.distance, shift, w);
    uint32_t b = 0;
    for (; b < BUCKETS - 1u; b++) {
      uint32_t amount = by_count ? buckets[b].count : buckets[b].weight;
      if (need - before <= amount) break;
      before += amount;
      cut.weight += buckets[b].weight;
    }
    cut.distance += b << shift;
    if (shift == 0) break;
    shift = shift > BUCKET_BITS ? shift - BUCKET_BITS : 0;
  }
  uint32_t each = weight_of(w, cut.distance);
  cut.ties = by_count ? need - before : (need - before + each - 1u) / each;
  cut.weight += cut.ties * each;
  return cut;
}

/* The kept token at which the running weight passes `target`. */
static uint32_t SM_HOT choose(const int32_t *logits, uint32_t vocabulary, uint32_t most, const struct cut *cut,
                              const struct weighing *w, uint32_t target) {
  uint32_t running = 0, ties = cut->ties, chosen = 0;
  for (uint32_t i = 0; i < vocabulary; i++) {
    uint32_t distance = most - (uint32_t)logits[i];
    if (distance > cut->distance) continue;
    if (distance == cut->distance && ties-- == 0) {
      ties = 0;
      continue;
    }
    running += weight_of(w, distance);
    chosen = i;
    if (running > target) break;
  }
  return chosen;
}

uint32_t SM_HOT sm_sample(struct sm_sampler *s, const int32_t *logits, uint32_t vocabulary, uint32_t fl,
                          const uint16_t *exp2_table) {
  uint32_t first = sm_argmax(logits, vocabulary);
  if (s->temperature == 0) return first;

  struct weighing w;
  uint32_t m = 3098164009u / s->temperature; /* log2(e) * 2^31 */
  uint32_t bits = sm_bitlen(m), down = bits > 12 ? bits - 12 : 0;
  w.table = exp2_table;
  w.mul = m >> down;
  w.shift = 7 + fl - down;

  uint32_t most = (uint32_t)logits[first], span = 0;
  struct cut cut = {0xffffffffu, vocabulary, 0};
  for (uint32_t i = 0; i < vocabulary; i++) {
    uint32_t distance = most - (uint32_t)logits[i];
    if (distance > span) span = distance;
    cut.weight += weight_of(&w, distance);
  }
  if (s->top_k != 0 && s->top_k < vocabulary) cut = find_cut(logits, vocabulary, most, span, &w, 1, s->top_k);
  if (s->top_p < SM_TOP_P_OFF) {
    uint32_t need = multiply_high(cut.weight, s->top_p << 16);
    cut = find_cut(logits, vocabulary, most, span, &w, 0, need == 0 ? 1 : need);
  }
  return choose(logits, vocabulary, most, &cut, &w, multiply_high(sm_sampler_next(s->state), cut.weight));
}
