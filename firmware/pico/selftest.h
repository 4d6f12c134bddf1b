/*
 * Checks of the device itself, without a model.
 */
#ifndef SM_SELFTEST_H
#define SM_SELFTEST_H

#include <stdbool.h>
#include <stdint.h>

struct sm_selftest {
  const char *name;
  bool (*run)(void);
};

extern const struct sm_selftest sm_selftests[];
extern const uint32_t sm_selftest_count;

#endif
