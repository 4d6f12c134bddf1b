#include "sums.h"

#include "requantize.h"

void SM_HOT sm_sums_int4_portable(const struct sm_sums *job) {
  for (uint32_t row = 0; row < 8; row++) {
    int32_t sum = 0;
    for (uint32_t k = 0; k < job->columns; k++) {
      sum += ((int32_t)(job->words[k] >> 4u * row & 0xfu) - 8) * job->a[k];
    }
    job->sums[row] = sum;
  }
}

void SM_HOT sm_finish_portable(struct sm_finish *f) {
  struct sm_requantizer q;
  sm_requantizer_init(&q, f->am, f->pre, f->post);
  for (int32_t r = 0; r < f->rows; r++) {
    uint32_t sum = (uint32_t)f->sums[r];
    if (f->more != NULL) sum += (uint32_t)f->more[r];
    f->x[r] = sm_add(f->x[r], sm_requantize(&q, sum, f->wm[r]));
  }
}
