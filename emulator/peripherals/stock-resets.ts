/**
 * What RESETS does to the blocks that stay rp2040js' own: their registers are written back to the values they have after reset. RP2040
 * datasheet 2.14.
 */
import type { RP2040, RPPIO } from 'rp2040js';
import type { Resets } from './power.ts';

const GPIO_NO_FUNCTION = 0x1f;
/** Input enabled, 4 mA, pull-down, Schmitt. Datasheet 2.19.6.3. */
const PAD_RESET = 0x56;
const PIO_MACHINE_RESET: [offset: number, value: number][] = [
  [0x0c8, 0x00010000],
  [0x0cc, 0x0001f000],
  [0x0d0, 0x000c0000],
  [0x0dc, 0x14000000],
];
const PIO_MACHINE_STRIDE = 0x18;
const PIO_INTERRUPTS = [0x12c, 0x130, 0x138, 0x13c];
const PIO_RESTART_ALL = 0xff0;
const PIO_IRQ_CLEAR_ALL = 0xff;
/** CS, FCS, DIV, INTE, INTF. */
const ADC_REGISTERS = [0x00, 0x08, 0x10, 0x18, 0x1c];
/** CR0, CR1, CPSR, IMSC, DMACR. */
const SPI_REGISTERS = [0x00, 0x04, 0x10, 0x14, 0x24];

export function resetStockBlocks(rp2040: RP2040, resets: Resets): void {
  resets.onReset('pwm', () => rp2040.pwm.reset());
  resets.onReset('adc', () => {
    for (const register of ADC_REGISTERS) rp2040.adc.writeUint32(register, 0);
  });
  for (const n of [0, 1] as const) {
    resets.onReset(n === 0 ? 'pio0' : 'pio1', () => resetPio(rp2040.pio[n]));
    resets.onReset(n === 0 ? 'spi0' : 'spi1', () => {
      for (const register of SPI_REGISTERS) rp2040.spi[n].writeUint32(register, 0);
    });
  }
  resets.onReset('io_bank0', () => {
    for (const pin of rp2040.gpio) {
      pin.ctrl = GPIO_NO_FUNCTION;
      pin.irqEnableMask = 0;
      pin.irqForceMask = 0;
      pin.checkForUpdates();
    }
    rp2040.updateIOInterrupt();
  });
  resets.onReset('pads_bank0', () => {
    for (const pin of rp2040.gpio) {
      pin.padValue = PAD_RESET;
      pin.checkForUpdates();
      pin.refreshInput();
    }
  });
}

function resetPio(pio: RPPIO): void {
  pio.writeUint32(0, PIO_RESTART_ALL);
  pio.instructions.fill(0);
  for (let machine = 0; machine < pio.machines.length; machine++) {
    const base = machine * PIO_MACHINE_STRIDE;
    for (const [offset, value] of PIO_MACHINE_RESET) pio.writeUint32(base + offset, value);
  }
  for (const offset of PIO_INTERRUPTS) pio.writeUint32(offset, 0);
  pio.writeUint32Atomic(0x30, PIO_IRQ_CLEAR_ALL, 0);
}
