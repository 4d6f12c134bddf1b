#include "rope.h"

#include "../engine/arith.h"

#define Y_MAX 32767

void SM_HOT sm_rotate_portable(int32_t *y, uint32_t heads, uint32_t pairs, const int16_t *row,
                               const struct sm_narrow *to) {
  uint32_t shift = to->shift, half = sm_half(shift);
  int32_t most = to->most;
  for (; heads > 0; heads--) {
    const int16_t *turn = row;
    for (uint32_t i = 0; i < pairs; i++) {
      int32_t y0 = sm_clamp(y[0], Y_MAX), y1 = sm_clamp(y[1], Y_MAX);
      int32_t c = turn[0], s = turn[1];
      int32_t r0 = sm_sub(sm_mul(y0, c), sm_mul(y1, s));
      int32_t r1 = sm_add(sm_mul(y0, s), sm_mul(y1, c));
      y[0] = sm_clamp(sm_asr((int32_t)((uint32_t)r0 + half), shift), most);
      y[1] = sm_clamp(sm_asr((int32_t)((uint32_t)r1 + half), shift), most);
      y += 2, turn += 2;
    }
  }
}

void SM_HOT sm_narrow_portable(int32_t *y, uint32_t n, const struct sm_narrow *to) {
  uint32_t shift = to->shift, half = sm_half(shift);
  int32_t most = to->most;
  for (int32_t *end = y + n; y != end; y++) {
    *y = sm_clamp(sm_asr((int32_t)((uint32_t)sm_clamp(*y, Y_MAX) + half), shift), most);
  }
}

uint32_t SM_HOT sm_store_portable(const struct sm_store *s) {
  const int32_t *k = s->k, *v = s->v;
  uint32_t largest = 0, half = sm_half(s->narrow.shift);
  for (uint32_t h = 0; h < s->heads; h++) {
    uint8_t *keys = s->keys + h * s->step, *values = s->values + h * s->step;
    uint32_t squares = 0;
    for (uint32_t d = 0; d < s->size; d++, k++, v++) {
      squares += (uint32_t)(*k * *k);
      keys[4u * d] = (uint8_t)(*k + 128);
      int32_t value = sm_asr((int32_t)((uint32_t)sm_clamp(*v, Y_MAX) + half), s->narrow.shift);
      values[d] = (uint8_t)(sm_clamp(value, s->narrow.most) + 128);
    }
    if (squares > largest) largest = squares;
  }
  return largest;
}
