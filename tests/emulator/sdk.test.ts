import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type CoreKind, loadProgram, Pico } from '../../emulator/index.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { buildTestPrograms } from '../programs/build.ts';
import { bareProgram, constant, LOOP, movs, str } from './support/bare.ts';

let elfOf: (name: string) => string;
let bootrom: Uint8Array;

beforeAll(async () => {
  elfOf = await buildTestPrograms();
  bootrom = (await buildFirmware()).bootrom;
});

function boot(core: CoreKind, name: string): Pico {
  const pico = new Pico({ core, bootrom });
  pico.load(loadProgram(elfOf(name)));
  return pico;
}

/** What the program prints on UART0 up to its `done`, without carriage returns. */
function printed(pico: Pico, timeoutSeconds = 2): string {
  const { end, fault } = pico.run({ text: 'done\r\n', timeoutSeconds });
  expect({ end, fault: fault?.message, text: pico.uart[0].text }).toMatchObject({
    end: 'text',
    fault: undefined,
  });
  return pico.uart[0].text.replaceAll('\r', '');
}

const hex32 = (value: number) => {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getUint32(0).toString(16).padStart(8, '0');
};
const hex64 = (value: number) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
};

/** Programs that need nothing from outside, and what they print. */
const outputs: [string, string][] = [
  ['timers', 'slept 500 us\nalarm after 300 us\nticks every 200 us\ncancel 1\nfired 0\n'],
  ['flash_rw', 'programmed right\nbehind it ff\nbits only clear: 0a\nerased ff ff\nid ef 40 15\n'],
  ['interp', 'nines 9 18 27 36 45\nnibble 3\nblend 625\nclamp 0 255 77\n'],
  ['pwm', 'slice 2 counter in range\n'],
  ['adc', 'adc0 0 in 2 us\ntemperature read\nfifo 0 0\n'],
  [
    'watchdog_reboot',
    'life 0, caused by watchdog 0, enabled 0\nlife 1, caused by watchdog 1, enabled 0\nfed for 5 ms\nlife 2, caused by watchdog 1, enabled 1\n',
  ],
  ['arithmetic', arithmetic()],
  [
    'printing',
    `|-42|42|42|   42|42   |00042|+42|
|beef|BEEF|0xbeef|10|deadbeef|
|A|text|     right|left      |cut|
|-9223372036854775807|18446744073709551615|123456789abcdef|
|4|-7|-7|200|
|3.141590|2.72|   1.500|2.2     |1.234568e+04|0.000100000|
|%|20000000|
`,
  ],
];

function arithmetic(): string {
  const p = -1234567890123n;
  const q = 98765n;
  const u = 0xfedcba9876543210n;
  const wrap = (value: bigint) => BigInt.asUintN(64, value).toString(16);
  const f = Math.fround;
  const [x, y] = [f(3.25), f(-0.7)];
  const [a, b] = [1 / 3, 12345.678];
  return `int64 ${p * q} ${p / q} ${p % q} ${p >> 7n}
uint64 ${wrap(u * 3n)} ${wrap(u << 13n)}
float ${hex32(x + y)} ${hex32(x - y)} ${hex32(x * y)} ${hex32(x / y)}
float to int 325 3250, sqrt ${hex32(Math.sqrt(x))}
double ${hex64(a + b)} ${hex64(a - b)} ${hex64(a * b)} ${hex64(b / a)}
double to int 12345, sqrt ${hex64(Math.sqrt(b))}
compare 1010
convert ${hex32(b)} ${hex64(x)}
`;
}

const CORES: CoreKind[] = ['starmind', 'rp2040js'];

describe.each(CORES)(
  'an SDK program boots through our ROM on the %s core and prints what it should',
  (core) => {
    test.each(outputs)('%s', (name, text) => {
      expect(printed(boot(core, name))).toBe(`${text}done\n`);
    });

    test('hello, at the clock that the SDK set, and an echo', () => {
      const pico = boot(core, 'hello');
      expect(pico.run({ text: 'say: ', timeoutSeconds: 1 }).end).toBe('text');
      expect(pico.clockHz).toBe(125_000_000);
      expect(pico.uart[0].baud).toBe(115_207);
      pico.uart[0].send('x');
      expect(pico.run({ text: 'heard x', timeoutSeconds: 1 }).end).toBe('text');
      expect(pico.uart[0].text).toBe('hello from the Pico at 125000000 Hz\r\nsay: heard x');
    });

    test('DMA: a copy with an interrupt, the sniffer, and text to the UART at its pace', () => {
      expect(printed(boot(core, 'dma'))).toBe(
        'copied all\ncrc32 0376e6e7\nthis text came by DMA, forty-odd characters of it\ndone\n',
      );
    });

    test('interrupts on both edges of a pin driven from outside', () => {
      const pico = boot(core, 'gpio_irq');
      pico.gpio(2).onChange((level) => pico.gpio(3).drive(level));
      expect(printed(pico)).toBe('rises 4 falls 3 level 1\ndone\n');
    });

    test('a PIO square wave has its period to the cycle', () => {
      const pico = boot(core, 'pio_square');
      const edges: number[] = [];
      pico.gpio(4).onChange((_level, cycle) => edges.push(cycle));
      printed(pico);
      const gaps = edges.slice(2).map((cycle, i) => cycle - edges[i + 1]);
      expect(gaps.length).toBeGreaterThan(200);
      expect(new Set(gaps)).toEqual(new Set([50]));
    });

    test('a PWM wave has its period and duty to the cycle', () => {
      const pico = boot(core, 'pwm');
      const edges: number[] = [];
      pico.gpio(5).onChange((_level, cycle) => edges.push(cycle));
      printed(pico);
      const gaps = edges.slice(2).map((cycle, i) => cycle - edges[i + 1]);
      expect(new Set(gaps)).toEqual(new Set([250, 750]));
    });
  },
);

test.each(CORES)('a program that is all in SRAM starts there, with the boot ROM of before (%s)', (core) => {
  const pico = new Pico({ core, bootrom });
  pico.load(bareProgram(...constant(0, 0x20000100), movs(1, 7), str(1, 0), LOOP));
  pico.run({ timeoutSeconds: 0.001 });
  expect(pico.fault).toBeUndefined();
  expect(pico.readWord(0x20000100)).toBe(7);
  expect(pico.registers()['sp']).toBe(0x20042000);
});

describe.each(CORES)('USB on the %s core', (core) => {
  test('a program says hello over CDC and hears an answer', () => {
    const pico = boot(core, 'usb_hello');
    const until = (text: string) => pico.run({ timeoutSeconds: 2, stop: () => pico.usb.text.includes(text) });
    expect(until('hello over USB').end).toBe('stopped');
    expect(pico.usb.connected).toBe(true);
    pico.usb.send('k');
    expect(until('done\r\n').end).toBe('stopped');
    expect(pico.usb.text).toBe('hello over USB\r\nheard k\r\ndone\r\n');
    expect(pico.uart[0].text).toBe('');
  });
});

describe('what only our own core has', () => {
  test('two cores: FIFO, queue, mutex, semaphore, lockout, reset and second launch', () => {
    expect(printed(boot('starmind', 'multicore'))).toBe(
      'core 1 answers\nfifo sum 55\nqueue 0 1 4 9 16\nmutex 2000\nlockout still, then moving\nagain 1234\ndone\n',
    );
  });

  test('the divider, also by zero', () => {
    expect(printed(boot('starmind', 'divider'))).toBe(
      'unsigned 10309278 41\nsigned -142 -6\noperators -123456 -789\n64 bits 124999998 862654320\nby zero 4294967295 5\nsigned by zero -1 1\ndone\n',
    );
  });
});

describe('a run does not depend on the host', () => {
  test.each(CORES)('two runs, any slices, watched or not: the same cycle for every byte (%s)', (core) => {
    const trace = (slice: number | undefined, watched: boolean) => {
      const pico = boot(core, 'timers');
      const bytes: [number, number][] = [];
      pico.uart[0].onByte((byte, cycle) => bytes.push([byte, cycle]));
      if (watched) {
        pico.watchWrite(0x20000000, () => {});
        pico.onCounterRead(() => {});
        for (let n = 0; n < 30; n++) pico.gpio(n).onChange(() => {});
      }
      let end: string;
      do {
        end = pico.run({ text: 'done\r\n', timeoutSeconds: 1, cycle: slice && pico.cycles + slice }).end;
      } while (end === 'cycle' && pico.cycles < 3_000_000);
      return { bytes, registers: pico.registers() };
    };
    const whole = trace(undefined, false);
    expect(trace(undefined, true)).toEqual(whole);
    expect(trace(997, false).bytes).toEqual(whole.bytes);
  });
});

test('two busy cores do not depend on slices either', () => {
  const trace = (slice: number) => {
    const pico = boot('starmind', 'multicore');
    const bytes: [number, number][] = [];
    pico.uart[0].onByte((byte, cycle) => bytes.push([byte, cycle]));
    while (!pico.fault && pico.cycles < 3_000_000) pico.run({ cycle: pico.cycles + slice });
    return { bytes, cycles: pico.fault?.cycle, registers: [pico.registers(0), pico.registers(1)] };
  };
  const whole = trace(3_000_000);
  expect(whole.bytes.length).toBeGreaterThan(90);
  expect(trace(997)).toEqual(whole);
  expect(trace(100_001)).toEqual(whole);
});

test('the programs of this test are ELF files with symbols', () => {
  const program = loadProgram(elfOf('hello'));
  expect(program.symbols.find((symbol) => symbol.name === 'main')?.kind).toBe('function');
  expect(readFileSync(elfOf('hello'))[0]).toBe(0x7f);
});
