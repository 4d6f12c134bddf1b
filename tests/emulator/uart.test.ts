import fc from 'fast-check';
import { RP2040 } from 'rp2040js';
import { beforeEach, describe, expect, it } from 'vitest';
import { installPeripherals, type Peripherals } from '../../emulator/peripherals/install.ts';
import { CycleClock } from '../../emulator/stock/clock.ts';
import type { Uart } from '../../emulator/uart/uart.ts';

const UART = 0x40034000;
const DR = UART + 0x00;
const RSR = UART + 0x04;
const FR = UART + 0x18;
const IBRD = UART + 0x24;
const FBRD = UART + 0x28;
const LCR_H = UART + 0x2c;
const CR = UART + 0x30;
const IFLS = UART + 0x34;
const IMSC = UART + 0x38;
const RIS = UART + 0x3c;
const MIS = UART + 0x40;
const ICR = UART + 0x44;
const BUSY = 1 << 3;
const RXFE = 1 << 4;
const TXFF = 1 << 5;
const RXFF = 1 << 6;
const TXFE = 1 << 7;
const RX = 1 << 4;
const TX = 1 << 5;
const TIMEOUT = 1 << 6;
const BREAK = 1 << 9;
const OVERRUN = 1 << 10;
const HZ = 125_000_000;
const UART0_IRQ = 20;
/** 115200 baud as the SDK sets it at 125 MHz: 67 + 52/64. */
const BIT = 67.8125 * 16;
const BYTE = 10 * BIT;

let clock: CycleClock;
let rp2040: RP2040;
let uart: Uart;
let irq: boolean;
let sent: { byte: number; cycle: number }[];

beforeEach(() => {
  clock = new CycleClock(HZ);
  rp2040 = new RP2040(clock);
  const chips: Peripherals = installPeripherals(rp2040);
  clock.setFrequency(HZ);
  rp2040.clkSys = HZ;
  rp2040.clkPeri = HZ;
  irq = false;
  rp2040.setInterrupt = (line, level) => {
    if (line === UART0_IRQ) irq = level;
  };
  uart = chips.uart[0];
  sent = [];
  uart.onByte = (byte, nanos) => sent.push({ byte, cycle: (nanos * HZ) / 1e9 });
  enable();
});

function enable(line = 0x70): void {
  write(IBRD, 67);
  write(FBRD, 52);
  write(LCR_H, line);
  write(CR, 0x301);
}

function write(address: number, value: number): void {
  rp2040.writeUint32(address, value);
}

function read(address: number): number {
  return rp2040.readUint32(address);
}

/** Lets whole cycles pass, alarms at their own cycles. */
function run(cycles: number): void {
  const end = clock.cycles + cycles;
  while (clock.nextDueCycle <= end) {
    clock.cycles = clock.nextDueCycle;
    clock.fireDue();
  }
  clock.cycles = end;
}

describe('UART transmitter', () => {
  it('takes ten bit times of the fractional divider for a byte', () => {
    write(DR, 0x41);
    expect(read(FR) & (BUSY | TXFE)).toBe(BUSY | TXFE);
    run(Math.floor(BYTE) - 1);
    expect(sent).toEqual([]);
    run(2);
    expect(sent.map(({ byte }) => byte)).toEqual([0x41]);
    expect(sent[0].cycle).toBeCloseTo(BYTE, 6);
    expect(read(FR) & (BUSY | TXFE)).toBe(TXFE);
  });

  it('sends a full FIFO back to back, 33 bytes in 33 byte times', () => {
    for (let i = 0; i < 33; i++) {
      expect(read(FR) & TXFF).toBe(0);
      write(DR, i);
    }
    expect(read(FR) & TXFF).toBe(TXFF);
    write(DR, 0xee);
    run(Math.ceil(33 * BYTE));
    expect(sent.map(({ byte }) => byte)).toEqual(Array.from({ length: 33 }, (_, i) => i));
    for (const [i, { cycle }] of sent.entries()) expect(cycle).toBeCloseTo((i + 1) * BYTE, 4);
    expect(read(FR) & BUSY).toBe(0);
  });

  it('interrupts when the FIFO drains to its level, once, until it was filled above it again', () => {
    write(IFLS, 0);
    write(IMSC, TX);
    for (let i = 0; i < 7; i++) write(DR, i);
    expect([read(RIS) & TX, irq]).toEqual([0, false]);
    run(Math.ceil(BYTE));
    expect(irq).toBe(false);
    run(Math.ceil(BYTE));
    expect([read(MIS), irq]).toEqual([TX, true]);
    write(ICR, TX);
    expect(irq).toBe(false);
    run(Math.ceil(10 * BYTE));
    expect(irq).toBe(false);
    for (let i = 0; i < 6; i++) write(DR, i);
    run(Math.ceil(2 * BYTE));
    expect(irq).toBe(true);
    for (let i = 0; i < 5; i++) write(DR, i);
    expect(irq).toBe(false);
  });

  it('adds parity and a second stop bit to the time', () => {
    enable(0x70 | (1 << 1) | (1 << 3));
    write(DR, 1);
    run(Math.ceil(12 * BIT));
    expect(sent[0].cycle).toBeCloseTo(12 * BIT, 6);
  });

  it('masks a byte to the word length', () => {
    enable(0x10);
    write(DR, 0xff);
    run(Math.ceil(BYTE));
    expect(sent[0].byte).toBe(0x1f);
    expect(sent[0].cycle).toBeCloseTo(7 * BIT, 6);
  });

  it('holds one byte beside the shift register while the FIFOs are off', () => {
    enable(0x60);
    write(DR, 1);
    expect(read(FR) & TXFF).toBe(0);
    write(DR, 2);
    expect(read(FR) & TXFF).toBe(TXFF);
    write(IMSC, TX);
    run(Math.ceil(BYTE));
    expect([read(FR) & TXFF, irq]).toEqual([0, true]);
  });

  it('keeps bytes back while disabled', () => {
    write(CR, 0);
    write(DR, 1);
    run(10 * BYTE);
    expect(sent).toEqual([]);
    write(CR, 0x301);
    run(Math.ceil(BYTE));
    expect(sent).toHaveLength(1);
  });

  it('reads back what it sends in loopback, and the far end hears nothing', () => {
    write(CR, 0x381);
    write(DR, 0x5a);
    run(Math.ceil(BYTE));
    expect(sent).toEqual([]);
    expect(read(DR)).toBe(0x5a);
  });

  it('follows clk_peri for the next byte', () => {
    rp2040.clkPeri = HZ / 2;
    uart.clkPeriChanged();
    write(DR, 1);
    run(Math.ceil(2 * BYTE));
    expect(sent[0].cycle).toBeCloseTo(2 * BYTE, 6);
  });
});

describe('UART receiver', () => {
  it('brings bytes of the host at the baud rate', () => {
    uart.send([1, 2, 3]);
    run(Math.floor(BYTE) - 1);
    expect(read(FR) & RXFE).toBe(RXFE);
    run(2);
    expect([read(DR), read(FR) & RXFE]).toEqual([1, RXFE]);
    run(Math.ceil(2 * BYTE));
    expect([read(DR), read(DR), read(FR) & RXFE]).toEqual([2, 3, RXFE]);
  });

  it('interrupts at its level, and clears below it', () => {
    write(IFLS, 1 << 3);
    write(IMSC, RX);
    uart.send(new Uint8Array(9));
    run(Math.ceil(7 * BYTE));
    expect(irq).toBe(false);
    run(Math.ceil(BYTE));
    expect(irq).toBe(true);
    read(DR);
    expect(irq).toBe(false);
  });

  it('times out after 32 bit periods of silence, until the FIFO is read empty', () => {
    write(IMSC, TIMEOUT);
    uart.send([1, 2]);
    run(Math.ceil(2 * BYTE));
    run(Math.floor(32 * BIT) - 2);
    expect(irq).toBe(false);
    run(4);
    expect([irq, read(RIS) & RX]).toEqual([true, 0]);
    read(DR);
    expect(irq).toBe(true);
    read(DR);
    expect(irq).toBe(false);
  });

  it('loses what comes while the FIFO is full, and marks the next byte', () => {
    write(IMSC, OVERRUN);
    uart.send(Uint8Array.from({ length: 34 }, (_, i) => i));
    run(Math.ceil(32 * BYTE));
    expect([read(FR) & RXFF, irq]).toEqual([RXFF, false]);
    run(Math.ceil(2 * BYTE));
    expect(irq).toBe(true);
    for (let i = 0; i < 32; i++) expect(read(DR)).toBe(i);
    uart.send([0x77]);
    run(Math.ceil(BYTE));
    expect(read(DR)).toBe(0x877);
    expect(read(RSR)).toBe(8);
  });

  it('reports a break as a zero byte with framing and break errors', () => {
    write(IMSC, BREAK);
    uart.feedBreak();
    expect(irq).toBe(true);
    expect(read(DR)).toBe(0x500);
  });

  it('drops bytes that come while it is off, and lets queued ones wait', () => {
    write(CR, 0);
    uart.feedByte(1);
    uart.send([2]);
    run(5 * BYTE);
    write(CR, 0x301);
    run(Math.ceil(BYTE));
    expect([read(DR), read(FR) & RXFE]).toEqual([2, RXFE]);
  });

  it('never loses or reorders a byte when the program reads in time', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 1, max: 30 }), (bytes, every) => {
        const received: number[] = [];
        uart.send(bytes);
        while (received.length < bytes.length) {
          run(Math.ceil(every * BYTE));
          while (!(read(FR) & RXFE)) received.push(read(DR));
        }
        expect(received).toEqual([...bytes]);
      }),
      { numRuns: 30 },
    );
  });
});
