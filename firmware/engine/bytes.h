/*
 * Little-endian fields at any offset.
 */
#ifndef SM_BYTES_H
#define SM_BYTES_H

#include <stdint.h>

static inline uint16_t sm_u16(const uint8_t *p) {
  return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t sm_u32(const uint8_t *p) {
  return (uint32_t)sm_u16(p) | (uint32_t)sm_u16(p + 2) << 16;
}

static inline int16_t sm_i16(const uint8_t *p) {
  return (int16_t)sm_u16(p);
}

/* n rounded up to a multiple of m, a power of two. */
static inline uint32_t sm_pad(uint32_t n, uint32_t m) {
  return (n + m - 1u) & ~(m - 1u);
}

#endif
