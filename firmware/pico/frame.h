/*
 * Frames of the link: 00, COBS(payload, CRC-32 little-endian), 00.
 */
#ifndef SM_FRAME_H
#define SM_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define SM_FRAME_CRC_BYTES 4u
#define SM_FRAME_BAD (-1)
#define SM_FRAME_NO_COBS (-2)

/*
 * Decodes what stood between two NULs, in place. Returns the number of payload bytes (0 or more), SM_FRAME_NO_COBS when
 * it is no COBS code at all, or SM_FRAME_BAD when it is one but the CRC is wrong.
 */
int32_t sm_frame_decode(uint8_t *bytes, size_t count);

/* Sends `count` bytes of payload as one frame through `put`. */
void sm_frame_send(const uint8_t *payload, size_t count, void (*put)(uint8_t));

#endif
