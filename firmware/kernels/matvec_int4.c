/*
 * int4 with one scale per row: runs of 32 columns in 16-bit lanes (lanes8.h), summed in 32 bits.
 */
#include "lanes8.h"
#include "matvec.h"
#include "requantize.h"

void SM_HOT sm_matvec_int4_portable(const struct sm_matvec *job) {
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
      w = sm_lanes8(w, a, run, sums);
      for (int j = 0; j < 8; j++) acc[j] += (uint32_t)sums[j];
      a += run, left -= run;
    }
    for (int j = 0; j < 8; j++) y[j] = sm_requantize(&q, acc[j], wm[j]);
    y += 8, wm += 8;
  }
}
