#include "text.h"

#include <string.h>

#include "serial.h"

void sm_print_bytes(const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (bytes[i] == '\n') {
      sm_serial_put('\r');
    }
    /* A NUL would look like the start of a frame. */
    if (bytes[i] != 0) {
      sm_serial_put(bytes[i]);
    }
  }
}

void sm_print(const char *text) { sm_print_bytes((const uint8_t *)text, strlen(text)); }

void sm_print_number(uint32_t value) {
  char digits[14];
  char *p = digits + sizeof digits;
  *--p = 0;
  uint32_t written = 0;
  do {
    if (written > 0 && written % 3 == 0) {
      *--p = ',';
    }
    *--p = (char)('0' + value % 10);
    value /= 10;
    written++;
  } while (value > 0);
  sm_print(p);
}

void sm_print_tenths(uint32_t tenths) {
  sm_print_number(tenths / 10);
  sm_serial_put('.');
  sm_serial_put((uint8_t)('0' + tenths % 10));
}
