import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Pico, UsageError } from '../../emulator/index.ts';
import {
  adds,
  b,
  barePico,
  bareProgram,
  bne,
  CODE,
  CORES,
  constant,
  LOOP,
  LR,
  ldr,
  lsls,
  movs,
  NOP,
  PC,
  pop,
  push,
  STACK_TOP,
  str,
  strb,
  subs,
  vectorRom,
} from './support/bare.ts';

const SYSTICK = 0xe000e010;
const IO_BANK0_RESET = 0x4000c000 + 0x3000;

/** Sends the byte in r1 forever; r0 holds the UART base. */
const UART0 = 0x40034000;
const uartEcho = [
  ...constant(0, UART0),
  ...constant(1, 0x301),
  str(1, 0, 0x24), // IBRD, small: fast
  movs(2, 0x70),
  str(2, 0, 0x2c), // LCR_H: eight bits, FIFOs
  str(1, 0, 0x30), // CR: enable, TX, RX
  movs(2, 0x10),
  ldr(1, 0, 0x18), // FR
  0x4211, // tst r1, r2
  bne(-4),
  ldr(1, 0),
  adds(1, 1),
  str(1, 0),
  b(-12),
];

describe.each(CORES)('a Pico with the %s core', (core) => {
  test('a run ends at the first instruction boundary at or after the cycle', () => {
    const pico = barePico(core, b(0));
    expect(pico.run({ cycle: 1000 })).toMatchObject({ end: 'cycle' });
    expect(pico.cycles).toBeGreaterThanOrEqual(1000);
    expect(pico.cycles).toBeLessThan(1002);
    expect(pico.run({ cycle: 1000 }).cycles).toBe(pico.cycles);
  });

  test('a run ends after its emulated time', () => {
    const pico = barePico(core, LOOP);
    const { end, seconds } = pico.run({ timeoutSeconds: 0.001 });
    expect(end).toBe('timeout');
    expect(seconds).toBeGreaterThanOrEqual(0.001);
    expect(seconds).toBeLessThan(0.001 + 3 / pico.clockHz);
    expect(pico.cycles / pico.clockHz).toBeCloseTo(seconds, 9);
  });

  test('a sleeping core reaches the time-out at once and exactly', () => {
    const pico = barePico(core, 0xbf30, b(-2));
    const { end, cycles } = pico.run({ timeoutSeconds: 100 });
    expect(end).toBe('timeout');
    expect(cycles).toBe(100 * pico.clockHz);
  });

  test('stop() asked between slices ends the run as stopped', () => {
    const pico = barePico(core, LOOP);
    let asked = 0;
    expect(pico.run({ timeoutSeconds: 1, stop: () => ++asked === 3 }).end).toBe('stopped');
    expect(asked).toBe(3);
  });

  test('a listener can stop the run', () => {
    const pico = barePico(core, constant(0, 0x20000000), str(0, 0), LOOP);
    pico.watchWrite(0x20000000, () => pico.stop());
    expect(pico.run({ timeoutSeconds: 1 }).end).toBe('stopped');
    expect(pico.readWord(0x20000000)).toBe(0x20000000);
  });

  test('a write watch sees value, cycle and core of every store that touches the byte', () => {
    const pico = barePico(
      core,
      constant(0, 0x20000100),
      movs(1, 7),
      str(1, 0),
      movs(1, 9),
      strb(1, 0),
      str(1, 0, 4),
      LOOP,
    );
    const seen: number[][] = [];
    const end = pico.watchWrite(0x20000100, (value, cycle, from) => seen.push([value, cycle, from]));
    pico.run({ cycle: 100 });
    expect(seen.map(([value, , from]) => [value, from])).toEqual([
      [7, 0],
      [9, 0],
    ]);
    expect(seen[1][1] - seen[0][1]).toBe(3);
    end();
    pico.reset();
    pico.run({ cycle: 100 });
    expect(seen.length).toBe(2);
  });

  test('a watch lasts over a reset, and the reset starts cycles and SRAM anew', () => {
    const code = [constant(0, 0x20000100), movs(1, 7), str(1, 0), LOOP];
    const pico = barePico(core, ...code);
    const cycles: number[] = [];
    pico.watchWrite(0x20000100, (_value, cycle) => cycles.push(cycle));
    pico.run({ cycle: 100 });
    expect(pico.readWord(0x20000100)).toBe(7);
    pico.reset();
    expect(pico.cycles).toBe(0);
    expect(pico.readWord(0x20000100)).toBe(0);
    pico.load(bareProgram(...code));
    pico.run({ cycle: 100 });
    expect(cycles.length).toBe(2);
    expect(cycles[0]).toBe(cycles[1]);
  });

  test('SysTick counts cycles, and its reads are seen from outside', () => {
    const pico = barePico(
      core,
      constant(0, SYSTICK),
      constant(1, 0xffffff),
      str(1, 0, 4),
      str(1, 0, 8),
      movs(1, 5),
      str(1, 0),
      ldr(2, 0, 8),
      ldr(3, 0, 8),
      NOP,
      NOP,
      NOP,
      ldr(4, 0, 8),
      LOOP,
    );
    const reads: number[] = [];
    pico.onCounterRead((from, cycle) => {
      expect(from).toBe(0);
      reads.push(cycle);
    });
    pico.run({ cycle: 200 });
    const { r2, r3, r4 } = pico.registers();
    expect(r2 - r3).toBe(2);
    expect(r3 - r4).toBe(5);
    expect([reads[1] - reads[0], reads[2] - reads[1]]).toEqual([2, 5]);
  });

  test('SysTick has a period of RELOAD + 1', () => {
    const pico = barePico(
      core,
      constant(0, SYSTICK),
      movs(1, 99),
      str(1, 0, 4),
      str(1, 0, 8),
      movs(1, 5),
      str(1, 0),
      LOOP,
    );
    pico.run({ cycle: 1000 });
    const at = () => pico.cycles;
    const probe = (
      pico as unknown as { machine: { rp2040: { ppb: { readUint32(offset: number): number } } } }
    ).machine;
    const first = probe.rp2040.ppb.readUint32(0x18);
    const start = at();
    pico.run({ cycle: start + 200 });
    const moved = at() - start;
    expect((first - probe.rp2040.ppb.readUint32(0x18) + 1000) % 100).toBe(moved % 100);
  });

  test('PUSH with LR and POP with PC cost what the TRM says', () => {
    const cost = (...code: (number | number[])[]) => {
      const pico = barePico(core, constant(0, 0x20000100), str(0, 0), ...code, str(0, 0), LOOP);
      const cycles: number[] = [];
      pico.watchWrite(0x20000100, (_value, cycle) => cycles.push(cycle));
      pico.run({ cycle: 300 });
      return cycles[1] - cycles[0] - 2;
    };
    expect(cost(push(LR | 0x0f))).toBe(6);
    expect(cost(push(0x0f))).toBe(5);
    expect(cost(push(LR))).toBe(2);
    const back = CODE + 2 * (7 + 1 + 7 + 1 + 1);
    expect(cost(constant(1, back + 1), push(0x2), pop(PC))).toBe(7 + 2 + 4);
  });

  test('dividing with the SIO divider costs the stores alone', () => {
    const pico = barePico(
      core,
      constant(0, 0x20000100),
      constant(1, 0xd0000060),
      movs(2, 100),
      movs(3, 7),
      str(0, 0),
      str(2, 1),
      str(3, 1, 4),
      str(0, 0),
      [NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP],
      ldr(4, 1, 0x10),
      ldr(5, 1, 0x14),
      LOOP,
    );
    const cycles: number[] = [];
    pico.watchWrite(0x20000100, (_value, cycle) => cycles.push(cycle));
    pico.run({ cycle: 300 });
    expect(cycles[1] - cycles[0]).toBe(2 + 1 + 1);
    expect(pico.registers()).toMatchObject({ r4: 14, r5: 2 });
  });

  test('UART bytes go in and come out, and a text ends the run', () => {
    const pico = barePico(core, ...uartEcho);
    const cycles: number[] = [];
    pico.uart[0].onByte((_byte, cycle) => cycles.push(cycle));
    pico.uart[0].send('HAL');
    const result = pico.run({ text: 'IB', timeoutSeconds: 1 });
    expect(result.end).toBe('text');
    expect(pico.uart[0].text).toBe('IB');
    expect(pico.run({ text: 'M', timeoutSeconds: 1 }).end).toBe('text');
    expect(pico.uart[0].text).toBe('IBM');
    expect(cycles[0]).toBeLessThan(cycles[1]);
    expect(pico.run({ text: 'never', timeoutSeconds: 0.01 }).end).toBe('timeout');
  });

  test('memory can be read and written by address, and nothing else', () => {
    const pico = barePico(core, LOOP);
    pico.writeMemory(0x20000010, Uint8Array.of(1, 2, 3, 4));
    expect(pico.readWord(0x20000010)).toBe(0x04030201);
    expect([...pico.readMemory(CODE, 2)]).toEqual([0xfe, 0xe7]);
    expect(pico.readWord(0)).toBe(STACK_TOP);
    expect(() => pico.readMemory(0x30000000, 1)).toThrow(UsageError);
    expect(() => pico.writeMemory(0x00000000, Uint8Array.of(1))).toThrow(UsageError);
  });

  test('the slices of a run do not change where it goes', () => {
    const code = [movs(0, 200), subs(0, 1), bne(-2), ...constant(1, 0x20000000), str(0, 1), b(-22)];
    const whole = barePico(core, ...code);
    whole.run({ cycle: 20_000 });
    const sliced = barePico(core, ...code);
    for (let cycle = 1; cycle <= 20_000; cycle += 7) sliced.run({ cycle });
    sliced.run({ cycle: 20_000 });
    expect(sliced.cycles).toBe(whole.cycles);
    expect(sliced.registers()).toEqual(whole.registers());
  });
});

test('random programs go the same way in any slices', () => {
  const slices = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(
      fc.constantFrom(...CORES),
      fc.uint8Array({ minLength: 8, maxLength: 64 }),
      slices,
      (core, data, steps) => {
        const start = () => {
          const pico = new Pico({ core, bootrom: vectorRom(), flashBytes: 4096 });
          pico.load({ format: 'bin', segments: [{ address: CODE, data }], symbols: [] });
          pico.uart[0].send('abc');
          return pico;
        };
        const whole = start();
        const { end, fault } = whole.run({ cycle: 3000 });
        const sliced = start();
        for (const step of steps) sliced.run({ cycle: sliced.cycles + step });
        const last = sliced.run({ cycle: 3000 });
        if (sliced.cycles > whole.cycles) whole.run({ cycle: sliced.cycles });
        expect({ end: last.end, kind: last.fault?.kind, cycle: last.fault?.cycle }).toEqual({
          end,
          kind: fault?.kind,
          cycle: fault?.cycle,
        });
        expect(sliced.cycles).toBe(whole.cycles);
        expect([sliced.registers(0), sliced.seconds]).toEqual([whole.registers(0), whole.seconds]);
      },
    ),
    { numRuns: 40 },
  );
});

describe('GPIO', () => {
  const SIO_GPIO_OUT_SET = 0xd0000014;
  const blink = [
    ...constant(0, IO_BANK0_RESET),
    ...constant(1, 0x120),
    str(1, 0), // out of reset: IO_BANK0, PADS_BANK0
    ...constant(0, 0x40014000 + 25 * 8 + 4),
    movs(1, 5),
    str(1, 0), // GPIO25: SIO
    ...constant(0, SIO_GPIO_OUT_SET),
    movs(1, 1),
    lsls(1, 1, 25),
    str(1, 0, 0x10), // OE_SET
    str(1, 0), // OUT_SET
    [NOP, NOP, NOP, NOP],
    str(1, 0, 4), // OUT_CLR
    LOOP,
  ];

  test.each(CORES)('a pin is seen to change, with the cycle, and ends a run (%s)', (core) => {
    const pico = barePico(core, ...blink);
    const changes: [boolean, number][] = [];
    pico.gpio(25).onChange((level, cycle) => changes.push([level, cycle]));
    expect(pico.run({ pin: { gpio: 25, level: true }, timeoutSeconds: 1 }).end).toBe('pin');
    expect(pico.gpio(25).level).toBe(true);
    expect(pico.gpio(25).isOutput).toBe(true);
    expect(pico.run({ pin: { gpio: 25, level: false }, timeoutSeconds: 1 }).end).toBe('pin');
    expect(changes.map(([level]) => level)).toEqual([true, false]);
    expect(changes[1][1] - changes[0][1]).toBe(5);
  });

  test.each(CORES)('a driven pin is read by the program (%s)', (core) => {
    const pico = barePico(core, ...constant(0, 0xd0000004), ldr(1, 0), b(-2));
    pico.gpio(3).drive(true);
    pico.run({ cycle: 100 });
    expect(pico.registers()['r1'] & 8).toBe(8);
    pico.gpio(3).drive(false);
    pico.run({ cycle: 200 });
    expect(pico.registers()['r1'] & 8).toBe(0);
  });

  test('there are 30 of them', () => {
    const pico = barePico('rp2040js', LOOP);
    expect(() => pico.gpio(30)).toThrow('There is no GPIO 30');
  });
});

describe('options that make no sense are refused', () => {
  test.each([
    ['flash of 3 MB', { flashBytes: 3 * 1024 * 1024 }, /power of two/],
    ['flash of 32 MB', { flashBytes: 32 * 1024 * 1024 }, /power of two/],
    ['an empty boot ROM', { bootrom: new Uint8Array(0) }, /boot ROM/],
    ['a boot ROM of 32 KB', { bootrom: new Uint8Array(32768) }, /boot ROM/],
    ['a crystal of 1 Hz', { xoscHz: 1 }, /crystal/],
    ['an unknown core', { core: 'z80' as 'starmind' }, /no core kind "z80"/],
  ])('%s', (_name, option, message) => {
    expect(() => new Pico({ bootrom: vectorRom(), ...option })).toThrow(message);
  });

  test('a program beyond the end of flash', () => {
    const pico = new Pico({ bootrom: vectorRom(), flashBytes: 4096 });
    const program = bareProgram(LOOP);
    program.segments[0].address = 0x10001000;
    expect(() => pico.load(program)).toThrow(/outside the 4096 bytes of flash/);
  });
});
