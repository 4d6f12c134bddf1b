#ifndef SM_LINK_GENERATE_H
#define SM_LINK_GENERATE_H

#include "cbor.h"

/* The requests `generate` and `logits`, with their events. */
void sm_link_generate(uint32_t id, const struct sm_cbor_item *request);
void sm_link_logits(uint32_t id, const struct sm_cbor_item *request);

#endif
