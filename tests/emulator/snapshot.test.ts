/** Snapshots of the whole machine: going on from one is the same run, whatever happened in between. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadModel, MODEL_FLASH_ADDRESS } from '../../bench/target/model.ts';
import { Pico, readProgram, UsageError } from '../../emulator/index.ts';
import { buildFirmware, type Firmware } from '../../firmware/build.ts';
import { assemble } from './support/assemble.ts';
import { barePico, bareProgram, CODE, LOOP, NOP, vectorRom } from './support/bare.ts';

/** Everything that a run shows, and its whole state. */
const seen = (pico: Pico) => ({
  cycles: pico.cycles,
  registers: [pico.registers(0), pico.registers(1)],
  text: pico.uart[0].text,
  usb: pico.usb.text,
  hash: pico.stateHash(),
});

const LOOPING = (() => {
  const code = assemble(
    `ldr r0, =0x20001000
    ldr r4, =0xd0000000
    movs r1, #0
    1: adds r1, #1
    str r1, [r0]
    ldr r2, [r0]
    ldrb r3, [r0, #1]
    str r1, [r4, #0x1c]
    str r1, [r4, #0x60]
    ldr r5, [r4, #0x70]
    b 1b
    .ltorg`,
    CODE,
  );
  return bareProgram([...new Uint16Array(code.buffer, code.byteOffset, code.length >> 1)]);
})();

/** Registers that set every peripheral going. */
const SETUP: [address: number, value: number][] = [
  [0x4000c000, 0],
  // Ticks of a microsecond at 6.5 MHz, more or less; an alarm of the timer; SysTick is core 0's own.
  [0x4005802c, 0x206],
  [0x40054038, 3],
  [0x40054010, 400],
  [0x40054014, 900],
  // PIO: a wave on GPIO 5 with delays, and words in a FIFO.
  ...[0xe301, 0xe500, 0x8000, 0x0040].map((code, i): [number, number] => [0x50200048 + 4 * i, code]),
  [0x502000cc, 3 << 12],
  [0x502000dc, (1 << 26) | (5 << 5)],
  [0x502000c8, (3 << 16) | (128 << 8)],
  [0x4001402c, 6],
  [0x50200000, 1],
  // PWM with an interrupt of its wrap; ADC all the time into its FIFO; SPI with frames to send.
  [0x40050010, 99],
  [0x4005000c, 30],
  [0x40050000, 1],
  [0x4004c008, 1],
  [0x4004c000, 9],
  [0x4003c010, 2],
  [0x4003c000, 7],
  [0x4003c004, 2],
  ...[1, 2, 3, 4, 5].map((frame): [number, number] => [0x4003c008, frame]),
  // DMA: from memory to memory as fast as it can, and by a timer.
  [0x50000420, (1 << 16) | 10],
  [0x50000000, 0x20000000],
  [0x50000004, 0x20010000],
  [0x50000008, 5000],
  [0x5000000c, 1 | (2 << 2) | (1 << 4) | (1 << 5) | (0x3b << 15)],
  [0x50000040, 0x20004000],
  [0x50000044, 0x20020000 + 0x4000],
  [0x50000048, 3000],
  [0x5000004c, 1 | (2 << 2) | (1 << 4) | (1 << 5) | (1 << 11) | (0x3f << 15)],
  // UART0 with something to say, at a rate that leaves most of it in the FIFO.
  [0x40034024, 3],
  [0x40034028, 5],
  [0x4003402c, 0x70],
  [0x40034030, 0x301],
  ...[...'snapshots'].map((letter): [number, number] => [0x40034000, letter.charCodeAt(0)]),
  // The clock of calendars, counting from half a minute before a new year.
  [0x4005c000, 46874],
  [0x4005c004, (2026 << 12) | (12 << 8) | 31],
  [0x4005c008, (4 << 24) | (23 << 16) | (59 << 8) | 30],
  [0x4005c00c, 0x11],
];

const busyPico = (): Pico => {
  const pico = new Pico({ bootrom: vectorRom() });
  pico.load(LOOPING);
  pico.run({ cycle: 50 });
  const { rp2040 } = pico.chip!;
  for (const [address, value] of SETUP) rp2040.writeUint32(address, value);
  pico.chip!.reschedule();
  return pico;
};

/** Something else than what happens by itself. */
const disturb = (pico: Pico, cycles: number) => {
  pico.uart[0].send('disturbance');
  pico.gpio(7).drive(!pico.gpio(7).level);
  pico.writeMemory(0x20008000, Uint8Array.of(1, 2, 3));
  pico.writeMemory(0x10004000, Uint8Array.of(4, 5, 6));
  pico.chip!.rp2040.writeUint32(0x50200010, 77);
  pico.chip!.rp2040.writeUint32(0x40050010, 12);
  pico.run({ cycle: pico.cycles + cycles });
};

describe('a snapshot of a machine with every peripheral in the middle of something', () => {
  test('is a place to go on from, bit for bit, whatever happened in between', () => {
    // One Pico goes straight on; the other one makes a detour from the same place.
    const straight = busyPico();
    const detoured = busyPico();
    expect(detoured.stateHash()).toBe(straight.stateHash());
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 1, max: 20_000 }),
        (before, after, elsewhere) => {
          for (const pico of [straight, detoured]) pico.run({ cycle: pico.cycles + before });
          const snapshot = detoured.snapshot();
          disturb(detoured, elsewhere);
          detoured.restore(snapshot);
          for (const pico of [straight, detoured]) pico.run({ cycle: pico.cycles + after });
          expect(seen(detoured)).toEqual(seen(straight));
        },
      ),
      { numRuns: 8 },
    );
    expect(straight.uart[0].text).toBe('snapshots');
  });

  test('can be gone back to again and again, and to older ones after newer ones', () => {
    const pico = busyPico();
    const snapshots = [1, 2, 3].map(() => {
      pico.run({ cycle: pico.cycles + 777 });
      return { snapshot: pico.snapshot(), hash: pico.stateHash() };
    });
    pico.run({ cycle: pico.cycles + 5000 });
    for (const at of [2, 0, 1, 1, 0, 2]) {
      pico.restore(snapshots[at]!.snapshot);
      expect(pico.stateHash()).toBe(snapshots[at]!.hash);
      disturb(pico, 500 * at);
    }
  });

  test('notices every kind of difference in its hash', () => {
    const pico = busyPico();
    const hash = pico.stateHash();
    expect(busyPico().stateHash()).toBe(hash);
    const changes: (() => void)[] = [
      () => pico.writeMemory(0x20041fff, Uint8Array.of(9)),
      () => pico.writeMemory(0x101fffff, Uint8Array.of(9)),
      () => pico.chip!.rp2040.writeUint32(0x50200010, 5),
      () => pico.uart[0].send('x'),
      () => pico.run({ cycle: pico.cycles + 1 }),
      () => {
        pico.chip!.cores[1].registers[3] ^= 1;
      },
    ];
    const snapshot = pico.snapshot();
    for (const change of changes) {
      change();
      expect(pico.stateHash()).not.toBe(hash);
      pico.restore(snapshot);
      expect(pico.stateHash()).toBe(hash);
    }
  });
});

describe('a snapshot of our firmware telling a story', () => {
  let firmware: Firmware;
  let image: Uint8Array;

  beforeAll(async () => {
    firmware = await buildFirmware();
    image = loadModel('story-90k').image;
  });

  const booted = (): Pico => {
    const pico = new Pico({ bootrom: firmware.bootrom });
    pico.load(readProgram(firmware.elf));
    pico.load({ format: 'bin', segments: [{ address: MODEL_FLASH_ADDRESS, data: image }], symbols: [] });
    pico.run({ text: '\n> ', timeoutSeconds: 5 });
    return pico;
  };

  test('is the same story from there on: UART, USB, both cores, flash cache and streams', () => {
    const straight = booted();
    const detoured = booted();
    for (const pico of [straight, detoured]) pico.uart[0].send('Once upon a time\r');
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400_000 }),
        fc.integer({ min: 1, max: 400_000 }),
        fc.integer({ min: 1, max: 400_000 }),
        (before, after, elsewhere) => {
          for (const pico of [straight, detoured]) pico.run({ cycle: pico.cycles + before });
          const snapshot = detoured.snapshot();
          detoured.uart[0].send('\x03Otherwise\r');
          detoured.usb.send('something else');
          detoured.run({ cycle: detoured.cycles + elsewhere });
          detoured.restore(snapshot);
          for (const pico of [straight, detoured]) pico.run({ cycle: pico.cycles + after });
          expect(seen(detoured)).toEqual(seen(straight));
        },
      ),
      { numRuns: 5 },
    );
    expect(straight.uart[0].text).toContain('Once');
  });

  test('tells watchers and listeners again what happens again', () => {
    const pico = booted();
    const marker = pico.symbol('sm_phase_marker')!;
    const stores: string[] = [];
    pico.uart[0].send('Once\r');
    pico.run({ cycle: pico.cycles + 1_000_000 });
    const snapshot = pico.snapshot();
    pico.watchWrite(marker.address, (value, cycle, core) => stores.push(`${value} ${cycle} ${core}`));
    pico.onCounterRead((core, cycle) => stores.push(`read ${cycle} ${core}`));
    const tell = () => {
      stores.length = 0;
      pico.run({ cycle: snapshot.cycle + 1_000_000 });
      return stores.slice();
    };
    const first = tell();
    expect(first.length).toBeGreaterThan(5);
    pico.restore(snapshot);
    expect(tell()).toEqual(first);
    // Also when the chip was reset in between, by power or by its own program.
    pico.reset();
    pico.run({ cycle: 1_000_000 });
    pico.restore(snapshot);
    expect(tell()).toEqual(first);
  });
});

describe('snapshots', () => {
  test('bring back flash that was programmed, and a fault that had not happened', () => {
    const pico = barePico('starmind', NOP, LOOP);
    pico.run({ cycle: 100 });
    const snapshot = pico.snapshot();
    pico.writeMemory(0x10000000, Uint8Array.of(1, 2, 3, 4));
    pico.writeMemory(CODE + 2, Uint8Array.of(0, 0xde));
    pico.run({ cycle: 200 });
    expect(pico.fault?.kind).toBe('undefined-instruction');
    pico.restore(snapshot);
    expect(pico.fault).toBeUndefined();
    expect([...pico.readMemory(0x10000000, 4)]).toEqual([255, 255, 255, 255]);
    expect(pico.run({ cycle: 200 }).end).toBe('cycle');
  });

  test('are refused inside a run, on another Pico and on the stock core', () => {
    const pico = barePico('starmind', NOP, LOOP);
    const other = barePico('starmind', NOP, LOOP);
    let error: unknown;
    pico.run({
      cycle: 10_000,
      stop: () => {
        try {
          pico.snapshot();
        } catch (caught) {
          error = caught;
        }
        return false;
      },
    });
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toMatch(/between runs/);
    const snapshot = pico.snapshot();
    expect(() => other.restore(snapshot)).toThrow(/the Pico it was taken of/);
    expect(() => barePico('rp2040js', NOP, LOOP).snapshot()).toThrow(UsageError);
  });
});
