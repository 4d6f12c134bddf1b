import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { WaveRecorder, writeVcd } from '../../emulator/index.ts';
import { adds, b, barePico, bne, constant, ldr, movs, str } from './support/bare.ts';

const folder = mkdtempSync(join(tmpdir(), 'waves-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const UART0 = 0x40034000;

/** Waits for a byte, sends it back plus one, forever. */
const echo = [
  ...constant(0, UART0),
  movs(1, 3),
  str(1, 0, 0x24), // IBRD
  ...constant(1, 0x301),
  movs(2, 0x70),
  str(2, 0, 0x2c), // LCR_H: eight bits, FIFOs
  str(1, 0, 0x30), // CR: enable, TX, RX
  movs(2, 0x10), // FR: receive FIFO empty
  ldr(1, 0, 0x18),
  0x4211, // tst r1, r2
  bne(-4),
  ldr(1, 0),
  adds(1, 1),
  str(1, 0),
  b(-12),
];

const recordedEcho = (text: string) => {
  const pico = barePico('starmind', ...echo);
  pico.run({ timeoutSeconds: 0.001 });
  const waves = new WaveRecorder(pico);
  const from = pico.seconds * 1e9;
  pico.run({ timeoutSeconds: 0.0001 });
  pico.uart[0].send(text);
  pico.run({ timeoutSeconds: 0.005 });
  waves.stop();
  // Vectors must not get in a decoder's way.
  waves.add('number', 4, 9).changes.push({ nanos: from + 1e6, value: 2 });
  return { pico, waves, from, vcd: writeVcd(waves.signals, { from, to: pico.seconds * 1e9 }) };
};

/** Times and values of each signal by name; values that do not change left out, since writers differ in repeating them. */
const changesOf = (vcd: string): Record<string, string[]> => {
  const names = new Map<string, string>();
  const changes: Record<string, string[]> = {};
  const values: Record<string, string> = {};
  let time = '0';
  for (const line of vcd.split('\n')) {
    const variable = /^\$var \w+ 1 (\S+) (\S+)/.exec(line);
    if (variable) names.set(variable[1]!, variable[2]!);
    else if (line.startsWith('#')) time = line.slice(1);
    const value = /^([01])(\S+)$/.exec(line);
    const name = value && names.get(value[2]!);
    if (!name || values[name] === value[1]) continue;
    values[name] = value[1]!;
    changes[name] = [...(changes[name] ?? []), `${time} ${value[1]}`];
  }
  return changes;
};

describe('waves', () => {
  test('a UART byte is a start bit, eight bits from the lowest, and a stop bit, each of its real length', () => {
    const { pico, waves } = recordedEcho('T');
    const { changes } = waves.signals.find(({ name }) => name === 'uart0_tx') as (typeof waves.signals)[0];
    expect(changes.map(({ value }) => value)).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    const bit = (16 * 3 * 1e9) / pico.clockHz;
    changes.slice(1).forEach(({ nanos }, i) => {
      expect(nanos - (changes[i]?.nanos ?? 0)).toBeCloseTo(bit, 3);
    });
  });

  test('recording changes no cycle', () => {
    const { pico } = recordedEcho('same');
    const alone = barePico('starmind', ...echo);
    alone.run({ timeoutSeconds: 0.001 });
    alone.run({ timeoutSeconds: 0.0001 });
    alone.uart[0].send('same');
    alone.run({ timeoutSeconds: 0.005 });
    expect(alone.cycles).toBe(pico.cycles);
    expect(alone.registers()).toEqual(pico.registers());
  });

  test('a VCD holds each change once, in order of time, and the values from before its beginning', () => {
    const signals = [
      {
        name: 'a',
        bits: 1,
        initial: 0,
        changes: [
          { nanos: 5, value: 1 },
          { nanos: 30, value: 0 },
          { nanos: 20, value: 1 },
        ],
      },
      { name: 'n', bits: 4, initial: 9, changes: [{ nanos: 30, value: 2 }] },
    ];
    const body = writeVcd(signals, { from: 10, to: 50 }).split('$enddefinitions $end\n')[1];
    expect(body).toBe('#0\n$dumpvars\n1a\n1b\n0c\n0d\n1e\n$end\n#20\n0a\n0b\n1d\n0e\n#40\n');
  });

  const gtkwave = ['vcd2fst', 'fst2vcd', 'vcd2lxt2'].every(
    (tool) => spawnSync(tool, ['--help']).error === undefined,
  );
  test.skipIf(!gtkwave)("GTKWave's own readers take the VCD, and find every change in it", () => {
    const { vcd } = recordedEcho('GTK');
    const [file, fst, back] = ['gtk.vcd', 'gtk.fst', 'back.vcd'].map((name) => join(folder, name));
    writeFileSync(file!, vcd);
    const read = (tool: string, ...wanted: string[]) => {
      const { status, stdout, stderr } = spawnSync(tool, wanted, { encoding: 'utf8' });
      expect({ status, stderr }, tool).toEqual({ status: 0, stderr: '' });
      return stdout;
    };
    read('vcd2fst', file!, fst!);
    expect(changesOf(read('fst2vcd', '-f', fst!))).toEqual(changesOf(vcd));
    read('vcd2lxt2', file!, back!);
  });
  if (!gtkwave) test.skip('GTKWave is not installed: apt-get install gtkwave', () => {});

  const sigrok = spawnSync('sigrok-cli', ['--version']).status === 0;
  test.skipIf(!sigrok)('sigrok-cli decodes both lines of the UART from the VCD', () => {
    const text = 'Once upon a time, {U~';
    const { pico, vcd } = recordedEcho(text);
    const file = join(folder, 'echo.vcd');
    writeFileSync(file, vcd);
    const baud = Math.round(pico.clockHz / (16 * 3));
    const decode = (line: 'tx' | 'rx') => {
      const wires = `uart:${line}=uart0_${line}:baudrate=${baud}`;
      const run = spawnSync('sigrok-cli', ['-I', 'vcd', '-i', file, '-P', wires, '-B', `uart=${line}`]);
      expect(run.stderr.toString()).toBe('');
      return run.stdout.toString('latin1');
    };
    expect(decode('rx')).toBe(text);
    expect(decode('tx')).toBe(pico.uart[0].text);
    expect(pico.uart[0].text).toBe([...text].map((c) => String.fromCharCode(c.charCodeAt(0) + 1)).join(''));
  });
  if (!sigrok) test.skip('sigrok-cli is not installed: apt-get install sigrok-cli', () => {});
});
