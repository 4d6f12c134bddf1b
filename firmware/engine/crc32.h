/*
 * CRC-32 of IEEE 802.3 (reflected, 0xEDB88320, init and final XOR 0xffffffff), for the image and the link frames.
 */
#ifndef SM_CRC32_H
#define SM_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 to start) over `data`. Returns the CRC of everything so far. */
uint32_t sm_crc32(uint32_t crc, const uint8_t *data, size_t bytes);

#endif
