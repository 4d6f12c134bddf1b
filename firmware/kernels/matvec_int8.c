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

void SM_HOT sm_matvec_int8(const struct sm_matvec *job) {
  struct sm_requantizer q;
  sm_requantizer_init(&q, job->am, job->pre, job->post);
  const uint32_t *w = job->words;
  const uint16_t *wm = job->wm;
  uint32_t *y = (uint32_t *)job->y;
  uint32_t bias = 128u * (uint32_t)job->sum;

  for (uint32_t block = job->blocks; block > 0; block--) {
    const uint32_t *a = (const uint32_t *)job->a;
    const uint32_t *end = w + job->columns;
    uint32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0;
    do {
      /* columns is a multiple of 4 */
      uint32_t word, x;
      word = w[0], x = a[0];
      a0 += word * x, a1 += (word >> 8) * x, a2 += (word >> 16) * x, a3 += (word >> 24) * x;
      word = w[1], x = a[1];
      a0 += word * x, a1 += (word >> 8) * x, a2 += (word >> 16) * x, a3 += (word >> 24) * x;
      word = w[2], x = a[2];
      a0 += word * x, a1 += (word >> 8) * x, a2 += (word >> 16) * x, a3 += (word >> 24) * x;
      word = w[3], x = a[3];
      a0 += word * x, a1 += (word >> 8) * x, a2 += (word >> 16) * x, a3 += (word >> 24) * x;
      w += 4, a += 4;
    } while (w != end);
    y[0] = (uint32_t)sm_requantize(&q, a0 - (a1 << 8) - bias, wm[0]);
    y[1] = (uint32_t)sm_requantize(&q, a1 - (a2 << 8) - bias, wm[1]);
    y[2] = (uint32_t)sm_requantize(&q, a2 - (a3 << 8) - bias, wm[2]);
    y[3] = (uint32_t)sm_requantize(&q, a3 - bias, wm[3]);
    y += 4, wm += 4;
  }
}
