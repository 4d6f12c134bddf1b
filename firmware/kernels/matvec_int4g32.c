/*
 * int4 with a scale per row and per group of 32 columns. A group is four words with the eight rows' scales, then 32
 * words of weights; the last group is as long as the others in the image, but its padding columns are not visited.
 */
#include "lanes8.h"
#include "matvec.h"
#include "requantize.h"

void SM_HOT sm_matvec_int4g32_portable(const struct sm_matvec *job) {
  struct sm_requantizer q;
  sm_requantizer_init(&q, job->am, job->pre, job->post);
  const uint32_t *w = job->words;
  const uint16_t *wm = job->wm;
  int32_t *y = job->y;

  for (uint32_t block = job->blocks; block > 0; block--) {
    const uint32_t *a = (const uint32_t *)job->a;
    uint32_t acc[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (uint32_t left = job->columns; left > 0;) {
      uint32_t run = left < SM_LANES8_COLUMNS ? left : SM_LANES8_COLUMNS;
      int32_t sums[8];
      sm_lanes8(w + 4, a, run, sums);
      for (int j = 0; j < 4; j++) {
        acc[2 * j] += (w[j] & 0xffffu) * (uint32_t)sums[2 * j];
        acc[2 * j + 1] += (w[j] >> 16) * (uint32_t)sums[2 * j + 1];
      }
      w += 4u + SM_LANES8_COLUMNS;
      a += run, left -= run;
    }
    for (int j = 0; j < 8; j++) y[j] = sm_requantize(&q, acc[j], wm[j]);
    y += 8, wm += 8;
  }
}
