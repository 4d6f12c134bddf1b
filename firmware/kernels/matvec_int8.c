/*
 * int8: word k of a block holds four rows' weights of column k, as bytes wq + 128.
 *
 * No byte is ever taken out of a word. With W = b0 + 2^8 b1 + 2^16 b2 + 2^24 b3 and everything modulo 2^32,
 *   A0 = sum W x,  A1 = sum (W >> 8) x,  A2 = sum (W >> 16) x,  A3 = sum (W >> 24) x
 * give  sum b3 x = A3,  sum b2 x = A2 - 2^8 A3,  sum b1 x = A1 - 2^8 A2,  sum b0 x = A0 - 2^8 A1,
 * and the bias comes off as 128 sum x: exact whenever the result fits 32 bits, whatever the number of columns.
 */
#include "matvec.h"
#include "requantize.h"

/* One block: word (columns), a (columns) -> sums[4], bias included. A plain loop: unrolled, gcc spills. */
static void SM_HOT sum_block(uint32_t sums[4], const uint32_t *w, const uint32_t *a, const uint32_t *end) {
  uint32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0;
  do {
    uint32_t word = *w++, x = *a++;
    a0 += word * x;
    a1 += (word >> 8) * x;
    a2 += (word >> 16) * x;
    a3 += (word >> 24) * x;
  } while (w != end);
  sums[0] = a0 - (a1 << 8);
  sums[1] = a1 - (a2 << 8);
  sums[2] = a2 - (a3 << 8);
  sums[3] = a3;
}

void SM_HOT sm_matvec_int8_portable(const struct sm_matvec *job) {
  struct sm_requantizer q;
  sm_requantizer_init(&q, job->am, job->pre, job->post);
  const uint32_t *w = job->words;
  const uint16_t *wm = job->wm;
  int32_t *y = job->y;
  uint32_t bias = 128u * (uint32_t)job->sum;

  for (uint32_t block = job->blocks; block > 0; block--) {
    uint32_t sums[4];
    sum_block(sums, w, (const uint32_t *)job->a, w + job->columns);
    for (int j = 0; j < 4; j++) y[j] = sm_requantize(&q, sums[j] - bias, wm[j]);
    w += job->columns, y += 4, wm += 4;
  }
}
