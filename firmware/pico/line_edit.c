#include "line_edit.h"

#include <string.h>

#include "serial.h"
#include "text.h"

#define CTRL(letter) ((letter) - '@')
#define ESCAPE 0x1bu
#define DELETE 0x7fu
enum { NO_ESCAPE, AFTER_ESCAPE, AFTER_BRACKET };

void sm_line_start(struct sm_line *line, char *text) {
  *line = (struct sm_line){.text = text};
}

static bool continues(char byte) { return ((uint8_t)byte & 0xc0) == 0x80; }

/* Every character is taken for one column wide. */
static uint32_t columns(const char *text, uint32_t bytes) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < bytes; i++) {
    n += !continues(text[i]);
  }
  return n;
}

static void show(const struct sm_line *line, uint32_t from) {
  sm_print_bytes((const uint8_t *)line->text + from, line->length - from);
}

static void go_back(uint32_t n) {
  while (n-- > 0) {
    sm_serial_put('\b');
  }
}

/* Shows what lies behind the cursor, and `blanks` over what was there; the cursor stays. */
static void show_tail(const struct sm_line *line, uint32_t blanks) {
  show(line, line->cursor);
  for (uint32_t i = 0; i < blanks; i++) {
    sm_serial_put(' ');
  }
  go_back(columns(line->text + line->cursor, line->length - line->cursor) + blanks);
}

static void left(struct sm_line *line) {
  if (line->cursor == 0) {
    return;
  }
  do {
    line->cursor--;
  } while (line->cursor > 0 && continues(line->text[line->cursor]));
  sm_serial_put('\b');
}

static uint32_t character_bytes(const struct sm_line *line) {
  uint32_t end = line->cursor;
  if (end < line->length) {
    end++;
  }
  while (end < line->length && continues(line->text[end])) {
    end++;
  }
  return end - line->cursor;
}

static void right(struct sm_line *line) {
  uint32_t bytes = character_bytes(line);
  sm_print_bytes((const uint8_t *)line->text + line->cursor, bytes);
  line->cursor += bytes;
}

static void home(struct sm_line *line) {
  while (line->cursor > 0) {
    left(line);
  }
}

static void end(struct sm_line *line) {
  show(line, line->cursor);
  line->cursor = line->length;
}

static void delete_under(struct sm_line *line) {
  uint32_t bytes = character_bytes(line);
  if (bytes == 0) {
    return;
  }
  for (uint32_t i = line->cursor; i + bytes < line->length; i++) {
    line->text[i] = line->text[i + bytes];
  }
  line->length -= bytes;
  show_tail(line, 1);
}

static void delete_before(struct sm_line *line) {
  if (line->cursor > 0) {
    left(line);
    delete_under(line);
  }
}

static void delete_behind(struct sm_line *line) {
  uint32_t gone = columns(line->text + line->cursor, line->length - line->cursor);
  line->length = line->cursor;
  show_tail(line, gone);
}

static void clear(struct sm_line *line) {
  home(line);
  delete_behind(line);
}

static void insert(struct sm_line *line, uint8_t byte) {
  if (line->length == SM_LINE_BYTES) {
    return;
  }
  if (!continues((char)byte)) {
    line->missing = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
  } else if (line->missing > 0) {
    line->missing--;
  }
  for (uint32_t i = line->length; i > line->cursor; i--) {
    line->text[i] = line->text[i - 1];
  }
  line->length++;
  line->text[line->cursor++] = (char)byte;
  sm_serial_put(byte);
  if (line->missing == 0 && line->cursor < line->length) {
    show_tail(line, 0);
  }
}

/* The line `back` entries ago, NULL when there is none. */
static const char *recall(int32_t back) {
  const char *entry = SM_USB_RAM->history;
  const char *end_of_all = entry + SM_HISTORY_BYTES;
  while (--back > 0 && entry < end_of_all && *entry) {
    entry += strlen(entry) + 1;
  }
  return entry < end_of_all && *entry ? entry : NULL;
}

static void step_in_history(struct sm_line *line, int32_t step) {
  int32_t back = line->recalled + step;
  const char *entry = back > 0 ? recall(back) : "";
  if (back < 0 || !entry) {
    return;
  }
  clear(line);
  line->recalled = (int16_t)back;
  line->length = line->cursor = (uint16_t)strlen(entry);
  memcpy(line->text, entry, line->length);
  show(line, 0);
}

void sm_line_remember(const struct sm_line *line) {
  char *history = SM_USB_RAM->history;
  uint32_t bytes = line->length + 1u;
  if (line->length == 0 || strcmp(history, line->text) == 0) {
    return;
  }
  for (uint32_t i = SM_HISTORY_BYTES - 1; i >= bytes; i--) {
    history[i] = history[i - bytes];
  }
  memcpy(history, line->text, bytes);
  history[SM_HISTORY_BYTES - 1] = 0; /* the oldest line may have lost its end */
}

/* The end of ESC [ n ~ or ESC [ letter, as terminals send them for keys. */
static void escape_key(struct sm_line *line, uint8_t byte) {
  bool tilde = byte == '~';
  if (byte == 'A') {
    step_in_history(line, 1);
  } else if (byte == 'B') {
    step_in_history(line, -1);
  } else if (byte == 'C') {
    right(line);
  } else if (byte == 'D') {
    left(line);
  } else if (byte == 'H' || (tilde && (line->parameter == 1 || line->parameter == 7))) {
    home(line);
  } else if (byte == 'F' || (tilde && (line->parameter == 4 || line->parameter == 8))) {
    end(line);
  } else if (tilde && line->parameter == 3) {
    delete_under(line);
  }
}

/* Returns false when the byte belongs to no escape sequence. */
static bool take_escape(struct sm_line *line, uint8_t byte) {
  if (line->escape == NO_ESCAPE) {
    if (byte != ESCAPE) {
      return false;
    }
    line->escape = AFTER_ESCAPE;
    line->parameter = 0;
  } else if (line->escape == AFTER_ESCAPE) {
    line->escape = byte == '[' || byte == 'O' ? AFTER_BRACKET : NO_ESCAPE;
    return line->escape == AFTER_BRACKET;
  } else if (byte >= '0' && byte <= '9') {
    line->parameter = (uint8_t)(byte - '0');
  } else {
    line->escape = NO_ESCAPE;
    if (byte < ' ') {
      return false;
    }
    if (byte != ';') {
      escape_key(line, byte);
    }
  }
  return true;
}

static enum sm_line_event end_line(struct sm_line *line) {
  bool noise = line->noise;
  line->text[line->length] = 0;
  line->noise = false;
  return noise ? SM_LINE_NOISE : SM_LINE_ENTERED;
}

static void control_key(struct sm_line *line, uint8_t byte) {
  switch (byte) {
    case CTRL('A'):
      home(line);
      break;
    case CTRL('B'):
      left(line);
      break;
    case CTRL('D'):
      delete_under(line);
      break;
    case CTRL('E'):
      end(line);
      break;
    case CTRL('F'):
      right(line);
      break;
    case CTRL('H'):
    case DELETE:
      delete_before(line);
      break;
    case CTRL('K'):
      delete_behind(line);
      break;
    case CTRL('N'):
      step_in_history(line, -1);
      break;
    case CTRL('P'):
      step_in_history(line, 1);
      break;
    case CTRL('U'):
      clear(line);
      break;
    default:
      line->noise = true;
  }
}

enum sm_line_event sm_line_byte(struct sm_line *line, uint8_t byte) {
  bool second_of_crlf = byte == '\n' && line->after_cr;
  line->after_cr = byte == '\r';
  if (second_of_crlf || take_escape(line, byte)) {
    return SM_LINE_TYPING;
  }
  if (byte == '\r' || byte == '\n') {
    return end_line(line);
  }
  if (byte == CTRL('C')) {
    line->noise = false;
    return SM_LINE_CANCELLED;
  }
  if (byte < ' ' || byte == DELETE) {
    control_key(line, byte);
  } else {
    insert(line, byte);
  }
  return SM_LINE_TYPING;
}
