#include "sums.h"

#include "../engine/arith.h"

void SM_HOT sm_sums_int4_portable(const struct sm_sums *job) {
  for (uint32_t row = 0; row < 8; row++) {
    int32_t sum = 0;
    for (uint32_t k = 0; k < job->columns; k++) {
      sum += ((int32_t)(job->words[k] >> 4u * row & 0xfu) - 8) * job->a[k];
    }
    job->sums[row] = sum;
  }
}
