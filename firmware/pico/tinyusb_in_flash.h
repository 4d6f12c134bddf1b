/*
 * Read before each source of TinyUSB: what it would put into SRAM for speed stays in flash.
 */
#include "pico.h"

#undef __not_in_flash
#define __not_in_flash(group)
#undef __not_in_flash_func
#define __not_in_flash_func(name) name
#undef __no_inline_not_in_flash_func
#define __no_inline_not_in_flash_func(name) __noinline name

#include "tusb_option.h"

#undef TU_ATTR_FAST_FUNC
#define TU_ATTR_FAST_FUNC
