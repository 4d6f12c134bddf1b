/*
 * What the device says of itself on USB: one CDC serial port. Vendor and product id are those that Raspberry Pi gives to
 * programs with the Pico SDK's CDC port.
 */
#include "board.h"
#include "tusb.h"

#define VENDOR 0x2e8au
#define PRODUCT 0x000au
#define MAX_POWER_MA 250
#define ENDPOINT_NOTICE 0x81
#define ENDPOINT_OUT 0x02
#define ENDPOINT_IN 0x82
#define NOTICE_BYTES 8
#define PACKET_BYTES 64
#define INTERFACES 2
#define CONFIGURATION_BYTES (TUD_CONFIG_DESC_LEN + TUD_CDC_DESC_LEN)
#define LONGEST_STRING 16u
#define ENGLISH 0x0409

enum { STRING_LANGUAGE, STRING_MAKER, STRING_PRODUCT, STRING_SERIAL, STRING_PORT, STRINGS };

static const tusb_desc_device_t device = {
    .bLength = sizeof(tusb_desc_device_t),
    .bDescriptorType = TUSB_DESC_DEVICE,
    .bcdUSB = 0x0200,
    .bDeviceClass = TUSB_CLASS_MISC,
    .bDeviceSubClass = MISC_SUBCLASS_COMMON,
    .bDeviceProtocol = MISC_PROTOCOL_IAD,
    .bMaxPacketSize0 = CFG_TUD_ENDPOINT0_SIZE,
    .idVendor = VENDOR,
    .idProduct = PRODUCT,
    .bcdDevice = 0x0100,
    .iManufacturer = STRING_MAKER,
    .iProduct = STRING_PRODUCT,
    .iSerialNumber = STRING_SERIAL,
    .bNumConfigurations = 1,
};

static const uint8_t configuration[CONFIGURATION_BYTES] = {
    TUD_CONFIG_DESCRIPTOR(1, INTERFACES, STRING_LANGUAGE, CONFIGURATION_BYTES, 0, MAX_POWER_MA),
    TUD_CDC_DESCRIPTOR(0, STRING_PORT, ENDPOINT_NOTICE, NOTICE_BYTES, ENDPOINT_OUT, ENDPOINT_IN, PACKET_BYTES),
};

const uint8_t *tud_descriptor_device_cb(void) { return (const uint8_t *)&device; }

const uint8_t *tud_descriptor_configuration_cb(uint8_t index) {
  (void)index;
  return configuration;
}

const uint16_t *tud_descriptor_string_cb(uint8_t index, uint16_t language) {
  static uint16_t answer[1 + LONGEST_STRING];
  const char *const texts[STRINGS] = {
      [STRING_MAKER] = "Raspberry Pi", /* the vendor id is theirs */
      [STRING_PRODUCT] = "Starmind Pico",
      [STRING_SERIAL] = sm_board_id(),
      [STRING_PORT] = "Starmind link",
  };
  (void)language;
  uint32_t n = 0;
  if (index == STRING_LANGUAGE) {
    answer[1 + n++] = ENGLISH;
  } else if (index >= STRINGS) {
    return NULL;
  } else {
    for (; n < LONGEST_STRING && texts[index][n]; n++) {
      answer[1 + n] = (uint8_t)texts[index][n];
    }
  }
  answer[0] = (uint16_t)(TUSB_DESC_STRING << 8 | (2 + 2 * n));
  return answer;
}
