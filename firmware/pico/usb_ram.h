/*
 * The USB controller's own 4 KB of RAM: TinyUSB uses the first kilobyte (registers, five 64-byte packets), the rest is
 * memory like any other once sm_usb_init has run. Cold things lie there and leave SRAM to the models.
 */
#ifndef SM_USB_RAM_H
#define SM_USB_RAM_H

#include <stdint.h>

#include "hardware/regs/addressmap.h"

#define SM_USB_RAM_ADDRESS (USBCTRL_DPRAM_BASE + 0x400u)
#define SM_USB_RAM_BYTES 0xc00u
#define SM_MAX_ANSWER_BYTES 1200u
#define SM_LINE_BYTES 500u
#define SM_HISTORY_BYTES 512u

struct sm_usb_memory {
  uint8_t answer[SM_MAX_ANSWER_BYTES]; /* the message being built */
  char usb_line[SM_LINE_BYTES + 1];    /* what is typed at the USB console */
  char history[SM_HISTORY_BYTES];      /* lines typed before, the youngest first, each ended by 0 */
  uint8_t staging[64];                 /* of the USB port: bytes on their way to TinyUSB */
};
#define SM_USB_RAM ((struct sm_usb_memory *)SM_USB_RAM_ADDRESS)
_Static_assert(sizeof(struct sm_usb_memory) <= SM_USB_RAM_BYTES, "it fits behind TinyUSB's packets");

#endif
