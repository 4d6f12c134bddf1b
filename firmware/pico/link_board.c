#include "link_board.h"

#include <stdbool.h>

#include "../engine/crc32.h"
#include "../engine/engine.h"
#include "baud.h"
#include "board.h"
#include "clock.h"
#include "link_out.h"
#include "model.h"
#include "pico/bootrom.h"
#include "reset_reason.h"
#include "serial.h"
#include "uart_port.h"
#include "watchdog.h"
#include "wedge.h"
#include "worker.h"

#define PROTOCOL 1u

extern const uint8_t __flash_binary_start[], __flash_binary_end[];

/* Of the whole program in flash; taken once, it does not change. */
static uint32_t firmware_crc(void) {
  static uint32_t crc;
  if (crc == 0) {
    crc = sm_crc32(0, __flash_binary_start, (size_t)(__flash_binary_end - __flash_binary_start));
  }
  return crc;
}

static void put_number_or_null(struct sm_cbor_writer *w, const char *key, bool any, uint32_t value) {
  sm_cbor_text(w, key);
  if (any) {
    sm_cbor_unsigned(w, value);
  } else {
    sm_cbor_null(w);
  }
}

static void put_wedge(struct sm_cbor_writer *w) {
  const struct sm_wedge *wedge = sm_watchdog_wedge();
  sm_cbor_text(w, "lastWedge");
  if (!wedge->cause) {
    sm_cbor_null(w);
    return;
  }
  sm_cbor_map(w, 5);
  sm_cbor_pair_text(w, "cause", wedge->cause);
  put_number_or_null(w, "core", wedge->core >= 0, (uint32_t)wedge->core);
  sm_pair_text_or_null(w, "phase", wedge->phase);
  put_number_or_null(w, "token", wedge->token >= 0, (uint32_t)wedge->token);
  sm_cbor_pair_bool(w, "prefill", wedge->prefill);
}

void sm_link_hello(uint32_t id, const struct sm_cbor_item *request) {
  (void)request;
  bool loaded = sm_model.error == 0;
  uint32_t crc = firmware_crc();
  struct sm_cbor_writer *w = sm_answer_begin(id, 21);
  sm_cbor_pair_unsigned(w, "protocol", PROTOCOL);
  sm_cbor_pair_text(w, "firmware", SM_FIRMWARE_VERSION);
  sm_cbor_pair_unsigned(w, "firmwareBytes", (uint32_t)(__flash_binary_end - __flash_binary_start));
  sm_cbor_pair_unsigned(w, "firmwareCrc", crc);
  sm_cbor_pair_text(w, "board", sm_board_name());
  sm_cbor_pair_text(w, "boardId", sm_board_id());
  sm_cbor_pair_unsigned(w, "flashBytes", sm_board_flash_bytes());
  sm_cbor_pair_unsigned(w, "flashId", sm_board_flash_id());
  sm_cbor_pair_unsigned(w, "flashDivider", PICO_FLASH_SPI_CLKDIV);
  put_number_or_null(w, "led", sm_board_led() != SM_NO_LED, sm_board_led());
  sm_cbor_pair_text(w, "port", sm_serial_name(sm_serial_port()));
  sm_cbor_pair_unsigned(w, "baud", sm_uart_baud());
  sm_cbor_pair_unsigned(w, "clockHz", sm_clock_hz());
  sm_cbor_pair_unsigned(w, "cores", sm_worker_cores());
  sm_cbor_pair_unsigned(w, "arenaBytes", SM_ARENA_BYTES);
  sm_cbor_pair_unsigned(w, "engineVersion", SM_ENGINE_VERSION);
  sm_pair_text_or_null(w, "model", loaded ? sm_model.image.name : NULL);
  put_number_or_null(w, "modelCrc", loaded, sm_model.image.crc);
  sm_pair_text_or_null(w, "modelError", loaded ? NULL : sm_error_name(sm_model.error));
  sm_cbor_pair_text(w, "resetReason", sm_reset_reason());
  put_wedge(w);
  sm_answer_send();
}

static bool read_u32(const struct sm_cbor_item *request, const char *key, uint32_t *value) {
  struct sm_cbor_item item;
  if (!sm_cbor_get(request, key, &item) || item.type != SM_CBOR_UNSIGNED || item.value > 0xffffffffu) {
    return false;
  }
  *value = (uint32_t)item.value;
  return true;
}

void sm_link_clock(uint32_t id, const struct sm_cbor_item *request) {
  uint32_t hz;
  if (!read_u32(request, "hz", &hz) || !sm_clock_set(hz)) {
    sm_error_send(id, "bad-argument", "hz is none of 125000000, 133000000 and 200000000");
    return;
  }
  sm_cbor_pair_unsigned(sm_answer_begin(id, 1), "clockHz", sm_clock_hz());
  sm_answer_send();
}

void sm_link_baud(uint32_t id, const struct sm_cbor_item *request) {
  uint32_t hz, real;
  if (!read_u32(request, "hz", &hz) || !sm_baud_choose(hz, &real)) {
    sm_error_send(id, "bad-argument", "hz is not 9600 to 3000000");
    return;
  }
  sm_cbor_pair_unsigned(sm_answer_begin(id, 1), "baud", real);
  sm_answer_send();
  sm_serial_flush();
  sm_baud_switch();
}

void sm_link_reboot(uint32_t id, const struct sm_cbor_item *request) {
  (void)request;
  sm_ok_send(id);
  sm_serial_flush();
  sm_reboot();
}

void sm_link_bootsel(uint32_t id, const struct sm_cbor_item *request) {
  (void)request;
  sm_ok_send(id);
  sm_serial_flush();
  reset_usb_boot(0, 0);
}

void sm_link_wedge(uint32_t id, const struct sm_cbor_item *request) {
  struct sm_cbor_item item;
  uint32_t core, after = 0;
  bool later = sm_cbor_get(request, "after", &item);
  if (!read_u32(request, "core", &core) || core >= sm_worker_cores() ||
      (later && (!read_u32(request, "after", &after) || after > 0xffffu))) {
    sm_error_send(id, "bad-argument", "core is 0 or 1, after a position in the context");
    return;
  }
  sm_ok_send(id);
  sm_serial_flush();
  if (!later) {
    sm_wedge_now(core);
  }
  sm_wedge_arm(core, after);
}
