/* Peripherals that keep their own time, against SysTick. */
#include "hardware/adc.h"
#include "hardware/clocks.h"
#include "hardware/dma.h"
#include "hardware/irq.h"
#include "hardware/pwm.h"
#include "hardware/structs/nvic.h"
#include "hardware/structs/timer.h"
#include "hardware/uart.h"
#include "hardware/vreg.h"
#include "rows.h"

#define BAUD 115200

/** Cycles of ten microseconds: between two alarms. */
static uint32_t ten_microseconds(void) {
  wait_for_irq(TIMER_IRQ_0);
  nvic_hw->iser = 1u << TIMER_IRQ_1;
  timer_hw->inte = 3;
  const uint32_t now = timer_hw->timerawl;
  timer_hw->alarm[0] = now + 40;
  timer_hw->alarm[1] = now + 50;
  const uint32_t cycles = span_between_interrupts(&timer_hw->intr, 1, 1u << TIMER_IRQ_0);
  timer_hw->inte = 0;
  timer_hw->intr = 3;
  wait_for_no_irq();
  return cycles;
}

static uint32_t pwm_wrap(void) {
  pwm_config config = pwm_get_default_config();
  pwm_config_set_wrap(&config, 999);
  pwm_init(0, &config, false);
  wait_for_irq(PWM_IRQ_WRAP);
  pwm_hw->intr = 1;
  pwm_hw->inte = 1;
  pwm_set_enabled(0, true);
  const uint32_t cycles = span_between_interrupts(&pwm_hw->intr, 1, 1u << PWM_IRQ_WRAP);
  pwm_set_enabled(0, false);
  pwm_hw->inte = 0;
  wait_for_no_irq();
  return cycles;
}

static uint32_t adc_conversion(void) {
  adc_init();
  adc_select_input(4);
  adc_fifo_setup(true, false, 1, false, false);
  adc_irq_set_enabled(true);
  wait_for_irq(ADC_IRQ_FIFO);
  adc_run(true);
  const uint32_t cycles = span_between_interrupts((volatile uint32_t *)&adc_hw->fifo, 0, 1u << ADC_IRQ_FIFO);
  adc_run(false);
  adc_irq_set_enabled(false);
  wait_for_no_irq();
  return cycles;
}

/** Cycles until `count` bytes are in the transmit FIFO, which gives one up each byte time. */
static uint32_t uart_bytes(uint32_t count) {
  dma_channel_config config = dma_channel_get_default_config(0);
  channel_config_set_transfer_data_size(&config, DMA_SIZE_8);
  channel_config_set_dreq(&config, DREQ_UART1_TX);
  dma_channel_configure(0, &config, &uart_get_hw(uart1)->dr, conformance_buffer, count, false);
  dma_hw->ints0 = 1;
  dma_hw->inte0 = 1;
  wait_for_irq(DMA_IRQ_0);
  const uint32_t cycles = span_to_interrupt(&dma_hw->multi_channel_trigger, 1);
  dma_hw->inte0 = 0;
  dma_hw->ints0 = 1;
  wait_for_no_irq();
  uart_tx_wait_blocking(uart1);
  return cycles;
}

void peripheral_rows(void) {
  report("timer.ten-microseconds", "cycles", 1, (int32_t)ten_microseconds());
  report("pwm.wrap-1000", "cycles", 1, (int32_t)pwm_wrap());
  report("adc.conversion", "cycles", 1, (int32_t)adc_conversion());
  uart_init(uart1, BAUD);
  report("uart.byte", "cycles", 8, (int32_t)(uart_bytes(48) - uart_bytes(40)));
}

static void at_clock(const char *name, uint32_t khz) {
  report_flush();
  set_sys_clock_khz(khz, true);
  uart_set_baudrate(uart0, BAUD);
  report(name, "cycles", 1, (int32_t)ten_microseconds());
}

void clock_rows(void) {
  report("clock.sys-frequency", "kHz", 1, (int32_t)frequency_count_khz(CLOCKS_FC0_SRC_VALUE_CLK_SYS));
  report("clock.usb-frequency", "kHz", 1, (int32_t)frequency_count_khz(CLOCKS_FC0_SRC_VALUE_CLK_USB));
  vreg_set_voltage(VREG_VOLTAGE_1_15);
  at_clock("clock.ten-microseconds-133", 133000);
  at_clock("clock.ten-microseconds-200", 200000);
  at_clock("clock.ten-microseconds-48", 48000);
  at_clock("clock.ten-microseconds-125", 125000);
}
