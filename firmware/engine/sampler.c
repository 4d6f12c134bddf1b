/*
 * The order of tokens is never sorted. A cut in it is found by counting: 64 buckets of the distance to the largest
 * logit, then 64 finer ones inside the bucket where the cut falls, until a bucket is a single distance. A cut is
 * (distance, how many tokens of exactly that distance, in increasing id). Tokens too far away to have a weight are left
 * out: whether they are kept makes no difference, because they are never chosen.
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
  struct weighing weighing;
};

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

static void weighing_init(struct weighing *w, uint32_t temperature, uint32_t fl, const uint16_t *exp2_table) {
  uint32_t m = 3098164009u / temperature; /* log2(e) * 2^31 */
  uint32_t bits = sm_bitlen(m), down = bits > 12 ? bits - 12 : 0;
  w->table = exp2_table;
  w->mul = m >> down;
  w->shift = 7 + fl - down;
}

static SM_INLINE uint32_t weight_of(const struct weighing *w, uint32_t distance) {
  if (distance > DISTANCE_MAX) distance = DISTANCE_MAX;
  uint32_t k = distance * w->mul >> w->shift;
  return k >> 8 > HALVINGS_MAX ? 0u : (uint32_t)w->table[k & 255u] >> (k >> 8);
}

/* Bits of the largest distance that matters: beyond it there is no weight, or no token. */
static uint32_t SM_HOT reach_of(const struct order *o) {
  const struct weighing *w = &o->weighing;
  if (weight_of(w, DISTANCE_MAX) == 0) {
    /* The first k without weight, as a distance. w->shift is at most 18 here. */
    return sm_bitlen(((HALVINGS_MAX + 1u) << 8 << w->shift) / w->mul + 1u);
  }
  uint32_t span = 0;
  for (uint32_t i = 0; i < o->vocabulary; i++) {
    uint32_t distance = o->most - (uint32_t)o->logits[i];
    if (distance > span) span = distance;
  }
  return sm_bitlen(span);
}

/* Sorts the tokens at distances low .. low + last into buckets of 1 << shift; there are at most 64 of these. */
static void SM_HOT fill_buckets(struct bucket *buckets, const struct order *o, uint32_t low, uint32_t last,
                                uint32_t shift) {
  for (uint32_t i = 0; i < BUCKETS; i++) buckets[i].weight = 0, buckets[i].count = 0;
  uint32_t from = o->most - low;
  const int32_t *end = o->logits + o->vocabulary;
  for (const int32_t *l = o->logits; l != end; l++) {
    uint32_t above = from - (uint32_t)*l;
    if (above > last) continue;
    struct bucket *bucket = &buckets[above >> shift];
    bucket->count++;
    bucket->weight += weight_of(&o->weighing, above + low);
  }
}

/*
 * The shortest prefix of the order with `need` tokens (by_count), or with weight `need`; need is at least 1 and at most what
 * the buckets have. `buckets` holds all tokens that matter, 1 << shift wide each.
 */
static struct cut SM_HOT_ALONE find_cut(const struct order *o, const struct bucket *buckets, uint32_t shift, int by_count,
                                  uint32_t need) {
  struct bucket finer[BUCKETS];
  struct cut cut = {0, 0, 0};
  for (;;) {
    for (;; buckets++, cut.distance += 1u << shift) {
      uint32_t amount = by_count ? buckets->count : buckets->weight;
      if (need <= amount) break;
      need -= amount;
      cut.weight += buckets->weight;
    }
    if (shift == 0) break;
    uint32_t last = (1u << shift) - 1u;
    shift = shift > BUCKET_BITS ? shift - BUCKET_BITS : 0;
    fill_buckets(finer, o, cut.distance, last, shift);
    buckets = finer;
  }
  uint32_t each = weight_of(&o->weighing, cut.distance);
  cut.ties = by_count ? need : (need + each - 1u) / each;
  cut.weight += cut.ties * each;
  return cut;
}

/* The tokens that top-k and then top-p keep. */
static struct cut SM_HOT_ALONE keep(const struct order *o, uint32_t top_k, uint32_t top_p) {
  struct bucket buckets[BUCKETS];
  struct cut all = {0xffffffffu, o->vocabulary, 0};
  if (top_k == 0 && top_p >= SM_TOP_P_OFF) {
    for (uint32_t i = 0; i < o->vocabulary; i++) {
      all.weight += weight_of(&o->weighing, o->most - (uint32_t)o->logits[i]);
    }
    return all;
  }
  uint32_t reach = reach_of(o), shift = reach > BUCKET_BITS ? reach - BUCKET_BITS : 0, count = 0;
  fill_buckets(buckets, o, 0, (uint32_t)((BUCKETS << shift) - 1u), shift);
  for (uint32_t i = 0; i < BUCKETS; i++) all.weight += buckets[i].weight, count += buckets[i].count;

  struct cut cut = all;
  if (top_k != 0 && top_k < count) cut = find_cut(o, buckets, shift, 1, top_k);
  if (top_p < SM_TOP_P_OFF && cut.weight > 0) { /* 0 only with a table that is not exp2 */
    uint32_t need = multiply_high(cut.weight, top_p << 16);
    cut = find_cut(o, buckets, shift, 0, need == 0 ? 1 : need);
  }
  return cut;
}

/* The kept token at which the running weight passes `target`, which is below the kept weight. */
static uint32_t SM_HOT choose(const struct order *o, const struct cut *cut, uint32_t target) {
  uint32_t running = 0, ties = cut->ties;
  for (uint32_t i = 0; i < o->vocabulary; i++) {
    uint32_t distance = o->most - (uint32_t)o->logits[i];
    if (distance > cut->distance) continue;
    if (distance == cut->distance) {
      if (ties == 0) continue;
      ties--;
    }
    running += weight_of(&o->weighing, distance);
    if (running > target) return i;
  }
  return 0; /* not reached: the kept weight is at least the first token's, above 0 with any right table */
}

uint32_t SM_HOT sm_sample(struct sm_sampler *s, const int32_t *logits, uint32_t vocabulary, uint32_t fl,
                          const uint16_t *exp2_table) {
  uint32_t first = sm_argmax(logits, vocabulary);
  if (s->temperature == 0) return first;
  struct order o = {logits, vocabulary, (uint32_t)logits[first], {exp2_table, 0, 0}};
  weighing_init(&o.weighing, s->temperature, fl, exp2_table);
  struct cut cut = keep(&o, s->top_k, s->top_p);
  return choose(&o, &cut, multiply_high(sm_sampler_next(s->state), cut.weight));
}
