/** Names of exceptions for people. Interrupts: RP2040 datasheet 2.3.2. */

const SYSTEM: Record<number, string> = {
  2: 'NMI',
  3: 'HardFault',
  11: 'SVCall',
  14: 'PendSV',
  15: 'SysTick',
};

const INTERRUPTS = [
  ...['TIMER_0', 'TIMER_1', 'TIMER_2', 'TIMER_3', 'PWM_WRAP', 'USBCTRL', 'XIP'],
  ...['PIO0_0', 'PIO0_1', 'PIO1_0', 'PIO1_1', 'DMA_0', 'DMA_1', 'IO_BANK0', 'IO_QSPI'],
  ...[
    'SIO_PROC0',
    'SIO_PROC1',
    'CLOCKS',
    'SPI0',
    'SPI1',
    'UART0',
    'UART1',
    'ADC_FIFO',
    'I2C0',
    'I2C1',
    'RTC',
  ],
];

/** @param exception exception number as IPSR has it */
export function exceptionName(exception: number): string {
  if (exception < 16) return SYSTEM[exception] ?? `Exception ${exception}`;
  const irq = exception - 16;
  return `Interrupt ${irq}${INTERRUPTS[irq] ? ` (${INTERRUPTS[irq]})` : ''}`;
}
