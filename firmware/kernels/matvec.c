#include "matvec.h"

#include "../engine/image.h"

static void SM_HOT matvec_int8(const struct sm_matvec *job) {
#if SM_KERNELS_M0
  if (job->columns <= SM_MATVEC_INT8_M0_COLUMNS && job->pre <= SM_MATVEC_INT8_M0_PRE) {
    sm_matvec_int8_m0(job);
    return;
  }
#endif
  sm_matvec_int8_portable(job);
}

static void SM_HOT matvec_int4(const struct sm_matvec *job, int grouped) {
#if SM_KERNELS_M0
  if (job->columns <= SM_MATVEC_INT4_M0_COLUMNS) {
    if (grouped) sm_matvec_int4g32_m0(job);
    else sm_matvec_int4_m0(job);
    return;
  }
#endif
  if (grouped) sm_matvec_int4g32_portable(job);
  else sm_matvec_int4_portable(job);
}

void SM_HOT sm_matvec(const struct sm_matrix *w, const struct sm_scaled *a, int32_t fy, int32_t *y) {
  struct sm_matvec job;
  int32_t post = w->we + a->ae - w->pre - 17 - fy;
  job.words = w->words;
  job.wm = w->wm;
  job.a = a->a;
  job.y = y;
  job.columns = (w->columns + 3u) & ~3u;
  job.sum = a->sum;
  job.am = a->am;
  job.pre = w->pre;
  job.post = (uint32_t)(post < 1 ? 1 : post > 31 ? 31 : post);
  if (w->format == SM_INT8) {
    job.blocks = (w->rows + 3u) >> 2;
    matvec_int8(&job);
  } else {
    job.blocks = (w->rows + 7u) >> 3;
    job.run = w->run;
    matvec_int4(&job, w->format == SM_INT4G32);
  }
}
