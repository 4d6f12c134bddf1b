/** DMA, and peripherals that keep their own time. */
import { memoryTiming } from '../../../emulator/timing/memory-rules.ts';
import { timing } from '../../../emulator/timing/table.ts';
import { type ConformanceRow, documentedRow, estimatedRow } from '../row.ts';

const DMA = 'DS 2.5, PF 202: one element a cycle';
const SYS_HZ = 125_000_000;
const USB_HZ = 48_000_000;

const elementACycle = [
  ...['copy-striped', 'copy-striped-2-channels', 'copy-different-banks', 'copy-different-banks-2-channels'],
  ...['copy-different-banks-4-channels', 'copy-bytes', 'copy-from-rom', 'from-fastperi'],
];

/** One word from trigger to the end of its write: four phases. */
const oneWord = memoryTiming.dmaStart + 1 + memoryTiming.dmaReadToWrite + 1;

const dma: ConformanceRow[] = [
  ...elementACycle.map((name) => documentedRow(`dma.${name}`, 1, 1, { source: DMA })),
  ...['copy-same-bank', 'copy-same-bank-2-channels'].map((name) =>
    documentedRow(`dma.${name}`, 2, 2, { source: 'DS 2.1: one access a cycle and bank' }),
  ),
  documentedRow('dma.to-apb', timing.apbWriteBusy, 4, { source: 'DS 2.1.3' }),
  documentedRow('dma.from-apb', timing.apbReadBusy, 3, { source: 'DS 2.1.3' }),
  documentedRow('dma.paced-1-in-10', 10, 10, { source: 'DS 2.5.3.4' }),
  estimatedRow('dma.one-word', oneWord + timing.wake, 'PF 202: about four cycles', {
    note: 'trigger to interrupt',
  }),
  estimatedRow('dma.one-word-chained-to-another', 2 * oneWord + memoryTiming.dmaChain + timing.wake, 'none', {
    note: 'two channels, trigger to the interrupt of the second',
  }),
];

/** PL011: the divisor has six bits of fraction. */
function uartByteCycles(clockHz: number, baud: number): number {
  const sixtyFourths = Math.floor((8 * clockHz) / baud) + 1;
  return (10 * 16 * (sixtyFourths >> 1)) / 64;
}

const microseconds = (name: string, megahertz: number) =>
  documentedRow(name, 10 * megahertz, 10 * megahertz, {
    source: 'DS 4.6, 2.15',
    note: `clk_sys at ${megahertz} MHz`,
  });

const kilohertz = (name: string, hz: number) =>
  documentedRow(name, hz / 1000, hz / 1000, { source: 'DS 2.15', unit: 'kHz' });

const others: ConformanceRow[] = [
  microseconds('timer.ten-microseconds', SYS_HZ / 1e6),
  documentedRow('pwm.wrap-1000', 1000, 1000, { source: 'DS 4.5' }),
  documentedRow('adc.conversion', (memoryTiming.adcConversion * SYS_HZ) / USB_HZ, 250, {
    source: 'DS 4.9.2: 96 cycles of 48 MHz',
  }),
  documentedRow('uart.byte', uartByteCycles(SYS_HZ, 115_200), 10_850, {
    source: 'DS 4.2.7.1',
    note: '115,200 baud, divisor 67 52/64',
  }),
  kilohertz('clock.sys-frequency', SYS_HZ),
  kilohertz('clock.usb-frequency', USB_HZ),
  microseconds('clock.ten-microseconds-133', 133),
  microseconds('clock.ten-microseconds-200', 200),
  microseconds('clock.ten-microseconds-48', 48),
  microseconds('clock.ten-microseconds-125', 125),
];

export const peripheralRows: ConformanceRow[] = [...dma, ...others];
