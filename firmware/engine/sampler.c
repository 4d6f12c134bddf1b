/*
 * The order of tokens is never sorted. A cut in it is found by counting: 64 buckets of the distance to the largest
 * logit, then 64 finer ones inside the bucket where the cut falls, until a bucket is a single distance. A cut is
 * (distance, how many tokens of exactly that distance, in increasing id). Tokens too far away to have a weight are left
 * out by one comparison in every pass: whether they are kept makes no difference, because they are never chosen. Top-k counts
 * tokens without weighing them; only what it keeps is weighed.
 */
#include "sampler.h"

#include "../kernels/vector.h"
#include "arith.h"
#include "port.h"

#define BUCKETS 64u
#define BUCKET_BITS 6u
#define DISTANCE_MAX ((1u << 19) - 1u) /* farther tokens weigh what this one does */
#define HALVINGS_MAX 16u                /* more leave nothing of a weight */

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

/* The tokens as distances from the largest logit: distance = most - logit. */
struct order {
  const int32_t *logits;
  uint32_t vocabulary;
  uint32_t most;
  uint32_t last; /* the largest distance that has a weight: the only test that most tokens of a large vocabulary get */
  struct weighing weighing;
};

/* The first tokens of the order: all nearer than `distance`, and `ties` of those at it. */
struct cut {
  uint32_t distance;
  uint32_t ties;
  uint32_t weight; /* of the kept tokens together */
};

/* For a distance up to the last one: so there are no more than HALVINGS_MAX halvings. */
static SM_INLINE uint32_t weight_of(const struct weighing *w, uint32_t distance) {
  if (distance > DISTANCE_MAX) distance = DISTANCE_MAX;
  uint32_t k = distance * w->mul >> w->shift;
  return (uint32_t)w->table[k & 255u] >> (k >> 8);
}

static void weighing_init(struct order *o, uint32_t temperature, uint32_t fl, const uint16_t *exp2_table) {
  uint32_t m = 3098164009u / temperature; /* log2(e) * 2^31 */
  uint32_t bits = sm_bitlen(m), down = bits > 12 ? bits - 12 : 0;
  struct weighing *w = &o->weighing;
  w->table = exp2_table;
  w->mul = m >> down;
  w->shift = 7 + fl - down;
  o->last = 0xffffffffu;
  /* The first distance that is halved too often; w->shift is at most 18 where there is one. */
  if (DISTANCE_MAX * w->mul >> w->shift >> 8 > HALVINGS_MAX) {
    uint32_t first = (HALVINGS_MAX + 1u) << 8 << w->shift;
    o->last = (first - 1u) / w->mul;
  }
}

/* Bits of the largest distance that matters: beyond it there is no weight, or no token. */
static uint32_t SM_HOT_ALONE reach_of(const struct order *o) {
  if (o->last != 0xffffffffu) return sm_bitlen(o->last);
  uint32_t span = 0;
  for (uint32_t i = 0; i < o->vocabulary; i++) {
    uint32_t distance = o->most - (uint32_t)o->logits[i];
    if (distance > span) span = distance;
  }
  return sm_bitlen(span);
}

/* Sorts the tokens at distances low .. low + last into buckets of 1 << shift, at most 64: how many, or their weights. */
static void SM_HOT fill_buckets(uint32_t *buckets, const struct order *o, uint32_t low, uint32_t last, uint32_t shift,
                                int by_count) {
  for (uint32_t i = 0; i < BUCKETS; i++) buckets[i] = 0;
  if (last > o->last - low) last = o->last - low;
  uint32_t from = o->most - low;
  const int32_t *end = o->logits + o->vocabulary;
  for (const int32_t *l = o->logits; l != end; l++) {
    uint32_t above = from - (uint32_t)*l;
    if (above > last) continue;
    buckets[above >> shift] += by_count ? 1u : weight_of(&o->weighing, above + low);
  }
}

/*
 * The shortest prefix of the order with `need` tokens (by_count), or with weight `need`; need is at least 1 and at most what
 * the buckets have. `buckets` holds all tokens that matter, 1 << shift wide each. For tokens the weight is left at 0.
 */
static struct cut SM_HOT_ALONE find_cut(const struct order *o, const uint32_t *buckets, uint32_t shift, int by_count,
                                  uint32_t need) {
  uint32_t finer[BUCKETS];
  struct cut cut = {0, 0, 0};
  for (;;) {
    for (; need > *buckets; buckets++, cut.distance += 1u << shift) {
      need -= *buckets;
      if (!by_count) cut.weight += *buckets;
    }
    if (shift == 0) break;
    uint32_t last = (1u << shift) - 1u;
    shift = shift > BUCKET_BITS ? shift - BUCKET_BITS : 0;
    fill_buckets(finer, o, cut.distance, last, shift, by_count);
    buckets = finer;
  }
  if (by_count) {
    cut.ties = need;
    return cut;
  }
  uint32_t each = weight_of(&o->weighing, cut.distance);
  cut.ties = (need + each - 1u) / each;
  cut.weight += cut.ties * each;
  return cut;
}

/* The weight of what a cut keeps. */
static uint32_t SM_HOT weight_within(const struct order *o, const struct cut *cut) {
  uint32_t weight = 0, ties = cut->ties;
  const int32_t *end = o->logits + o->vocabulary;
  for (const int32_t *l = o->logits; l != end; l++) {
    uint32_t distance = o->most - (uint32_t)*l;
    if (distance > cut->distance) continue;
    if (distance == cut->distance) {
      if (ties == 0) continue;
      ties--;
    }
    weight += weight_of(&o->weighing, distance);
  }
  return weight;
}

/* The tokens that top-k and then top-p keep. */
static struct cut SM_HOT_ALONE keep(const struct order *o, uint32_t top_k, uint32_t top_p) {
  uint32_t buckets[BUCKETS];
  struct cut cut = {o->last, o->vocabulary, 0};
  uint32_t count = 0, shift = 0, last = 0;
  if (top_k != 0 || top_p < SM_TOP_P_OFF) {
    uint32_t reach = reach_of(o);
    shift = reach > BUCKET_BITS ? reach - BUCKET_BITS : 0;
    last = (BUCKETS << shift) - 1u;
  }
  if (top_k != 0) {
    fill_buckets(buckets, o, 0, last, shift, 1);
    for (uint32_t i = 0; i < BUCKETS; i++) count += buckets[i];
    if (top_k < count) cut = find_cut(o, buckets, shift, 1, top_k);
  }
  if (top_p >= SM_TOP_P_OFF || top_k != 0) cut.weight = weight_within(o, &cut);
  if (top_p >= SM_TOP_P_OFF) return cut;
  if (last > cut.distance) last = cut.distance;
  fill_buckets(buckets, o, 0, last, shift, 0);
  if (top_k == 0) {
    for (uint32_t i = 0; i < BUCKETS; i++) cut.weight += buckets[i];
  }
  if (cut.weight > 0) { /* 0 only with a table that is not exp2 */
    uint32_t need = multiply_high(cut.weight, top_p << 16);
    cut = find_cut(o, buckets, shift, 0, need == 0 ? 1 : need);
  }
  return cut;
}

/* The kept token at which the running weight passes `target`, which is below the kept weight. */
static uint32_t SM_HOT choose(const struct order *o, const struct cut *cut, uint32_t target) {
  uint32_t running = 0, ties = cut->ties;
  const int32_t *end = o->logits + o->vocabulary;
  for (const int32_t *l = o->logits; l != end; l++) {
    uint32_t distance = o->most - (uint32_t)*l;
    if (distance > cut->distance) continue;
    if (distance == cut->distance) {
      if (ties == 0) continue;
      ties--;
    }
    running += weight_of(&o->weighing, distance);
    if (running > target) return (uint32_t)(l - o->logits);
  }
  return 0; /* not reached: the kept weight is at least the first token's, above 0 with any right table */
}

uint32_t SM_HOT sm_sample(struct sm_sampler *s, const int32_t *logits, uint32_t vocabulary, uint32_t fl,
                          const uint16_t *exp2_table) {
  uint32_t first = sm_argmax(logits, vocabulary);
  if (s->temperature == 0) return first;
  struct order o = {logits, vocabulary, (uint32_t)logits[first], 0, {exp2_table, 0, 0}};
  weighing_init(&o, s->temperature, fl, exp2_table);
  struct cut cut = keep(&o, s->top_k, s->top_p);
  return choose(&o, &cut, multiply_high(sm_sampler_next(s->state), cut.weight));
}
