#include "usb_port.h"

#include "hardware/irq.h"
#include "hardware/timer.h"
#include "pico/bootrom.h"
#include "tusb.h"
#include "usb_ram.h"

#define PATIENCE_US 2000000u
#define BOOTSEL_BAUD 1200u /* what Arduino, and the Pico SDK, take as the wish for the boot drive */
#define STAGING_BYTES sizeof SM_USB_RAM->staging

static bool lost;   /* the reader was given up */
static bool opened; /* since the last sm_usb_greet */
static uint8_t staged;

void sm_usb_init(void) {
  tusb_init();
}

void sm_usb_poll(void) { tud_task(); }

void tud_cdc_line_state_cb(uint8_t port, bool dtr, bool rts) {
  (void)port, (void)rts;
  lost = false;
  opened = dtr;
  if (!dtr) {
    staged = 0;
    tud_cdc_write_clear();
    tud_cdc_read_flush();
  }
}

void tud_cdc_tx_complete_cb(uint8_t port) {
  (void)port;
  lost = false;
}

void tud_cdc_line_coding_cb(uint8_t port, cdc_line_coding_t const *coding) {
  (void)port;
  if (coding->bit_rate == BOOTSEL_BAUD) {
    reset_usb_boot(0, 0);
  }
}

bool sm_usb_open(void) { return tud_cdc_connected() && !lost; }

bool sm_usb_greet(void) {
  bool greet = opened;
  opened = false;
  return greet;
}

bool sm_usb_get(uint8_t *byte) { return tud_cdc_available() > 0 && tud_cdc_read(byte, 1) == 1; }

bool sm_usb_received(void) { return tud_cdc_available() > 0 || tud_task_event_ready(); }

/* Waits until TinyUSB has room for `bytes`, or, with all its room, until the last packet was taken. */
static bool wait_for_room(uint32_t bytes, void (*meanwhile)(void)) {
  uint32_t since = time_us_32();
  uint32_t room = tud_cdc_write_available();
  while (room < bytes) {
    tud_cdc_write_flush();
    tud_task();
    if (!sm_usb_open()) {
      return false;
    }
    uint32_t now = tud_cdc_write_available();
    if (now != room) {
      since = time_us_32();
      room = now;
      continue;
    }
    if (time_us_32() - since > PATIENCE_US) {
      lost = true;
      staged = 0;
      tud_cdc_write_clear();
      return false;
    }
    meanwhile();
  }
  return true;
}

static void pass_on(void (*meanwhile)(void)) {
  uint32_t count = staged;
  staged = 0;
  if (count > 0 && sm_usb_open() && wait_for_room(count, meanwhile)) {
    tud_cdc_write(SM_USB_RAM->staging, count);
  }
}

void sm_usb_put(uint8_t byte, void (*meanwhile)(void)) {
  if (!sm_usb_open()) {
    return;
  }
  SM_USB_RAM->staging[staged++] = byte;
  if (staged == STAGING_BYTES) {
    pass_on(meanwhile);
  }
}

void sm_usb_settle(void (*meanwhile)(void)) {
  pass_on(meanwhile);
  if (sm_usb_open()) {
    wait_for_room(CFG_TUD_CDC_TX_BUFSIZE, meanwhile);
  }
}

void sm_usb_quiet(bool quiet) { irq_set_enabled(USBCTRL_IRQ, !quiet); }
