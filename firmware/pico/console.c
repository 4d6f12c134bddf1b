#include "console.h"

#include <stdbool.h>
#include <string.h>

#include "baud.h"
#include "board.h"
#include "clock.h"
#include "generate.h"
#include "holder.h"
#include "line_edit.h"
#include "model.h"
#include "pico.h"
#include "serial.h"
#include "stack_guard.h"
#include "text.h"
#include "watchdog.h"

static char __scratch_y("console") uart_line[SM_LINE_BYTES + 1];
static struct sm_line lines[SM_PORTS];
static struct sm_settings settings = {.count = SM_DEFAULT_COUNT, .top_p = SM_TOP_P_OFF, .cores = 1};
static struct {
  uint32_t stories, tokens;
  uint64_t cycles;
} total;

static void print_model(void) {
  if (sm_model.error != 0) {
    sm_print("No model: ");
    sm_print(sm_error_name(sm_model.error));
    sm_print(". Write a model UF2 to the board.\n");
    return;
  }
  const struct sm_image *image = &sm_model.image;
  sm_print("Model ");
  sm_print(image->name);
  sm_print(" (");
  sm_print(sm_model_family());
  sm_print(", ");
  sm_print(sm_model_format());
  sm_print("): ");
  sm_print_number(image->config.parameters);
  sm_print(" parameters, ");
  sm_print_number(image->arena_bytes);
  sm_print(" bytes of SRAM, ");
  sm_print_number(image->total_bytes);
  sm_print(" bytes of flash, context ");
  sm_print_number(image->config.context);
  sm_print(" tokens.\n");
}

static void print_clock(void) {
  sm_print_number(sm_clock_hz() / 1000000u);
  sm_print(" MHz");
}

static void print_wedge(void) {
  const struct sm_wedge *wedge = sm_watchdog_wedge();
  if (!wedge->cause) {
    return;
  }
  sm_print("Restarted by the watchdog: ");
  sm_print(wedge->core < 0 ? "the program gave up" : wedge->core == 0 ? "core 0 hung" : "core 1 hung");
  if (wedge->token >= 0) {
    sm_print(" at position ");
    sm_print_number((uint32_t)wedge->token);
  }
  if (wedge->phase) {
    sm_print(" in ");
    sm_print(wedge->phase);
  }
  sm_print(".\n");
}

static void start_line(void) {
  enum sm_port port = sm_serial_port();
  sm_line_start(&lines[port], port == SM_PORT_USB ? SM_USB_RAM->usb_line : uart_line);
}

void sm_console_start(void) {
  static bool started;
  if (!started) {
    settings.cores = SM_DEFAULT_CORES;
    started = true;
  }
  start_line();
  sm_print("\nStarmind Pico " SM_FIRMWARE_VERSION " at ");
  print_clock();
  sm_print(".\n");
  print_wedge();
  print_model();
  sm_print("> ");
}

/* The run-time library's 64-bit division would take a kilobyte of SRAM; what the shifts lose here is not printed. */
static uint32_t average(uint64_t sum, uint32_t count) {
  while (sum >> 32) {
    sum >>= 1;
    count >>= 1;
  }
  return count == 0 ? 0 : (uint32_t)sum / count;
}

static void print_figures(uint32_t tokens, uint64_t cycles) {
  uint32_t per_token = average(cycles, tokens);
  if (per_token == 0) {
    sm_print("No tokens.\n");
    return;
  }
  sm_print_number(tokens);
  sm_print(" tokens, ");
  sm_print_number(per_token);
  sm_print(" cycles per token, ");
  sm_print_tenths(10u * sm_clock_hz() / per_token);
  sm_print(" tokens/s at ");
  print_clock();
  sm_print(".\n");
}

static void on_prefill(void *self, uint32_t i, const struct sm_phase_counts *counts) {
  (void)self, (void)i, (void)counts;
}

static void on_token(void *self, uint32_t i, uint32_t token, const uint8_t *text, size_t bytes,
                     const struct sm_phase_counts *counts) {
  (void)self, (void)i, (void)token, (void)counts;
  sm_print_bytes(text, bytes);
}

static bool is_cancelled(void *self) {
  (void)self;
  return sm_holder_stops();
}

static void tell_story(const char *text, size_t length) {
  struct sm_prompt *prompt = &sm_prompt;
  static const struct sm_sink sink = {on_prefill, on_token, is_cancelled, NULL};
  struct sm_outcome outcome;
  size_t at = 0;
  if (sm_model.error != 0) {
    print_model();
    return;
  }
  int error = sm_prompt_encode((const uint8_t *)text, length, prompt, &at);
  if (error == 0) {
    sm_print_bytes((const uint8_t *)text, length);
    error = sm_generate(prompt, &settings, &sink, &outcome);
  }
  if (error != 0) {
    sm_print("Not told: ");
    sm_print(sm_error_name(error));
    if (error == SM_ERR_UNKNOWN_CHARACTER) {
      sm_print(" at byte ");
      sm_print_number((uint32_t)at);
    }
    sm_print(".\n");
    return;
  }
  sm_print("\n");
  print_figures(outcome.tokens, outcome.cycles);
  total.stories++;
  total.tokens += outcome.tokens;
  total.cycles += outcome.cycles;
}

/* Decimal digits at *text; false when there are none or too many. */
static bool read_number(const char **text, uint32_t *value) {
  const char *p = *text;
  uint32_t n = 0;
  while (*p >= '0' && *p <= '9') {
    if (n > (0xffffffffu - 9) / 10) {
      return false;
    }
    n = n * 10 + (uint32_t)(*p++ - '0');
  }
  bool any = p != *text;
  *text = p;
  *value = n;
  return any;
}

/* "0.8" to Q16; up to four decimals count. */
static bool read_q16(const char *text, uint32_t *value) {
  uint32_t whole;
  if (!read_number(&text, &whole) || whole > 100) {
    return false;
  }
  uint32_t fraction = 0;
  uint32_t unit = 1;
  if (*text == '.') {
    for (text++; *text >= '0' && *text <= '9'; text++) {
      if (unit < 10000) {
        fraction = fraction * 10 + (uint32_t)(*text - '0');
        unit *= 10;
      }
    }
  }
  *value = (whole << 16) + ((fraction << 16) + unit / 2) / unit;
  return *text == 0;
}

static bool set_temperature(const char *argument) {
  uint32_t value;
  if (!read_q16(argument, &value) || (value != 0 && (value < SM_TEMPERATURE_MIN || value > SM_TEMPERATURE_MAX))) {
    sm_print("A temperature is 0 (greedy) or 0.01 to 100.\n");
    return false;
  }
  settings.temperature = value;
  return true;
}

static bool set_seed(const char *argument) {
  uint32_t value;
  if (!read_number(&argument, &value) || *argument != 0) {
    sm_print("A seed is a number below 4,294,967,295.\n");
    return false;
  }
  settings.seed = value;
  return true;
}

static bool set_tokens(const char *argument) {
  uint32_t value;
  if (!read_number(&argument, &value) || *argument != 0 || value == 0) {
    sm_print("The number of tokens is 1 or more.\n");
    return false;
  }
  settings.count = value;
  return true;
}

static bool set_clock(const char *argument) {
  uint32_t mhz;
  if (!read_number(&argument, &mhz) || *argument != 0 || mhz > 1000 || !sm_clock_set(mhz * 1000000u)) {
    sm_print("The clock is 125, 133 or 200 MHz.\n");
    return false;
  }
  return true;
}

static bool set_baud(const char *argument) {
  uint32_t value;
  uint32_t real;
  if (!read_number(&argument, &value) || *argument != 0 || !sm_baud_choose(value, &real)) {
    sm_print("The UART's rate is 9,600 to 3,000,000.\n");
    return false;
  }
  sm_print("From now on ");
  sm_print_number(real);
  sm_print(" baud, until the next reset.\n");
  sm_serial_flush();
  sm_baud_switch();
  sm_baud_heard();
  return false;
}

static bool set_cores(const char *argument) {
  uint32_t value;
  if (!read_number(&argument, &value) || *argument != 0 || value == 0 || value > sm_worker_cores()) {
    sm_print(sm_worker_cores() == 2 ? "There are 1 or 2 cores.\n" : "There is 1 core.\n");
    return false;
  }
  settings.cores = value;
  return true;
}

static bool print_help(const char *argument) {
  (void)argument;
  sm_print(
      "Type the beginning of a story and Enter. Ctrl-C stops a story.\n"
      "/model    what model this is\n"
      "/temp T   0 tells the likeliest story, 0.8 a livelier one\n"
      "/seed N   another story from the same beginning (with a temperature)\n"
      "/tokens N length of the story\n"
      "/stats    figures since the start\n"
      "/clock M  125, 133 or 200 MHz\n"
      "/cores N  1 or 2 cores compute\n"
      "/baud N   rate of the UART, until the next reset\n"
      "Keys: arrows, Home, End, Backspace, Delete; Ctrl-A, E, K, U as in a shell.\n");
  return false;
}

static bool print_model_command(const char *argument) {
  (void)argument;
  print_model();
  return false;
}

static bool print_stats(const char *argument) {
  (void)argument;
  sm_print_number(total.stories);
  sm_print(" stories. ");
  print_figures(total.tokens, total.cycles);
  sm_print("Stack used: ");
  sm_print_number(sm_stack_high_water(0));
  sm_print(" bytes.\n");
  return false;
}

/* A command returns true when a plain "ok" is due. */
static const struct {
  const char *name;
  bool (*run)(const char *argument);
} commands[] = {
    {"/help", print_help},   {"/model", print_model_command}, {"/temp", set_temperature}, {"/seed", set_seed},
    {"/tokens", set_tokens}, {"/stats", print_stats},         {"/clock", set_clock},
    {"/cores", set_cores},   {"/baud", set_baud},
};

static void run_command(const char *line) {
  for (uint32_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    size_t n = strlen(commands[i].name);
    if (strncmp(line, commands[i].name, n) != 0 || (line[n] != 0 && line[n] != ' ')) {
      continue;
    }
    const char *argument = line + n;
    while (*argument == ' ') {
      argument++;
    }
    if (commands[i].run(argument)) {
      sm_print("ok\n");
    }
    return;
  }
  sm_print("Unknown command; /help lists them.\n");
}

static void run_line(const struct sm_line *line) {
  sm_print("\n");
  sm_line_remember(line);
  if (line->text[0] == '/') {
    run_command(line->text);
  } else if (line->length > 0) {
    tell_story(line->text, line->length);
  }
}

void sm_console_byte(uint8_t byte) {
  struct sm_line *line = &lines[sm_serial_port()];
  enum sm_line_event event = sm_line_byte(line, byte);
  if (event == SM_LINE_TYPING) {
    return;
  }
  bool after_cr = line->after_cr;
  if (event == SM_LINE_ENTERED) {
    run_line(line);
  } else if (event == SM_LINE_CANCELLED) {
    sm_print("\n");
  }
  if (event != SM_LINE_NOISE) {
    sm_print("> ");
  }
  start_line();
  line->after_cr = after_cr;
}
