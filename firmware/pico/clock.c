#include "clock.h"

#include "hardware/clocks.h"
#include "hardware/vreg.h"
#include "phase.h"
#include "hardware/timer.h"
#include "serial.h"

_Static_assert(PICO_FLASH_SPI_CLKDIV >= 2 && PICO_FLASH_SPI_CLKDIV % 2 == 0, "what clock.h promises, or slower");

struct setting {
  uint32_t hz, vco_hz;
  uint8_t divide1, divide2;
  enum vreg_voltage voltage;
};

/* VCO from the 12 MHz crystal; 1.15 V is what the vendor certifies 200 MHz with. */
static const struct setting settings[] = {
    {125000000u, 1500000000u, 6, 2, VREG_VOLTAGE_1_10},
    {133000000u, 1596000000u, 6, 2, VREG_VOLTAGE_1_10},
    {200000000u, 1200000000u, 6, 1, VREG_VOLTAGE_1_15},
};

static void settle_voltage(enum vreg_voltage voltage) {
  vreg_set_voltage(voltage);
  busy_wait_us(1000);
}

bool sm_clock_set(uint32_t hz) {
  for (uint32_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    const struct setting *s = &settings[i];
    if (s->hz != hz) {
      continue;
    }
    sm_serial_flush();
    if (hz > sm_clock_hz()) {
      settle_voltage(s->voltage);
    }
    set_sys_clock_pll(s->vco_hz, s->divide1, s->divide2);
    settle_voltage(s->voltage);
    sm_serial_retime();
    sm_phase_init();
    return true;
  }
  return false;
}

uint32_t sm_clock_hz(void) { return clock_get_hz(clk_sys); }
