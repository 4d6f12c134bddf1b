/*
 * Requests about the device itself, its clock, ports and restarts (LINK.md).
 */
#ifndef SM_LINK_BOARD_H
#define SM_LINK_BOARD_H

#include "cbor.h"

void sm_link_hello(uint32_t id, const struct sm_cbor_item *request);
void sm_link_clock(uint32_t id, const struct sm_cbor_item *request);
void sm_link_baud(uint32_t id, const struct sm_cbor_item *request);
void sm_link_reboot(uint32_t id, const struct sm_cbor_item *request);
void sm_link_bootsel(uint32_t id, const struct sm_cbor_item *request);
void sm_link_wedge(uint32_t id, const struct sm_cbor_item *request);

#endif
