import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { type CoreKind, formatFault, loadProgram, Pico, type RunResult } from '../../emulator/index.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { buildTestPrograms } from '../programs/build.ts';

let elf: string;
let bootrom: Uint8Array;

beforeAll(async () => {
  elf = (await buildTestPrograms())('bad');
  bootrom = (await buildFirmware()).bootrom;
});

/** Boots the program that does the wrong thing it is asked for by one character. */
function misbehave(core: CoreKind, what: string): { pico: Pico; result: RunResult } {
  const pico = new Pico({ core, bootrom });
  pico.load(loadProgram(elf));
  expect(pico.run({ text: 'what? ', timeoutSeconds: 1 }).end).toBe('text');
  pico.uart[0].send(what);
  return { pico, result: pico.run({ timeoutSeconds: 0.05 }) };
}

const CORES: CoreKind[] = ['starmind', 'rp2040js'];

/** character, kind, functions from the fault outwards */
const cases: [string, string, string, string[]][] = [
  ['a jump to nothing', 'j', 'unmapped-fetch', ['jump', 'misbehave', 'main']],
  ['running from a peripheral', 'p', 'fetch-from-peripheral', ['jump', 'misbehave', 'main']],
  ['a compiler trap', 't', 'undefined-instruction', ['misbehave', 'main']],
  ['a write to flash', 'f', 'write-to-flash', ['misbehave', 'main']],
  ['a write to nothing', 'n', 'unmapped-write', ['misbehave', 'main']],
  ['an unaligned read', 'u', 'unaligned-access', ['misbehave', 'main']],
  ['a breakpoint', 'b', 'breakpoint-instruction', ['misbehave', 'main']],
];

describe.each(CORES)('an SDK program that misbehaves on the %s core ends with a named fault', (core) => {
  test.each(cases)('%s', (_name, what, kind, callers) => {
    const { result } = misbehave(core, what);
    expect(result.end).toBe('fault');
    expect(result.fault?.kind).toBe(kind);
    const functions = result.fault?.backtrace
      .map((frame) => frame.function)
      .filter((name) => name !== undefined);
    expect(functions?.slice(-callers.length - 1)).toEqual([
      ...callers,
      expect.stringMatching(/^(platform_entry|_reset_handler)$/),
    ]);
  });

  test('a recursion without end leaves the stack of core 0', () => {
    const { result } = misbehave(core, 'o');
    expect(result.fault?.kind).toBe('stack-overflow');
    expect(result.fault?.backtrace.slice(0, 3).map((frame) => frame.function)).toEqual([
      'recurse',
      'recurse',
      'recurse',
    ]);
    expect(result.fault?.registers['sp']).toBeGreaterThan(0x20040f00);
  });

  test.each([
    ['an interrupt without a handler', 'i', 'unhandled-interrupt', /^Interrupt 21 \(UART1\) came/],
    ['exit()', 'e', 'breakpoint-instruction', /^The program ended/],
    ['panic()', 'x', 'breakpoint-instruction', /^The program panicked/],
  ])('%s is told in words', (_name, what, kind, message) => {
    const { result } = misbehave(core, what);
    expect(result.fault?.kind).toBe(kind);
    expect(result.fault?.message).toMatch(message);
  });

  test('spinning forever is ended by emulated time', () => {
    const { result } = misbehave(core, 's');
    expect(result).toMatchObject({ end: 'timeout', fault: undefined });
  });

  test('dividing by zero is no fault on this chip: the divider answers all ones', () => {
    const { pico, result } = misbehave(core, 'z');
    expect(result.end).toBe('timeout');
    expect(pico.uart[0].text).toContain('by zero: 4294967295');
  });
});

test('core 1 leaving its stack is caught too, and named as core 1', () => {
  const { result } = misbehave('starmind', '1');
  expect(result.fault).toMatchObject({ kind: 'stack-overflow', core: 1 });
  expect(result.fault?.backtrace[0].function).toBe('recurse');
});

test('a failed hard_assert ends in the SDK panic, with its way there', () => {
  const { result } = misbehave('starmind', 'a');
  expect(result.fault?.kind).toBe('breakpoint-instruction');
  expect(result.fault?.backtrace.map((frame) => frame.function)).toContain('misbehave');
});

test.runIf(hasAddr2line())('source lines are given where the compiler left them', () => {
  const { result } = misbehave('starmind', 'f');
  expect(result.fault?.backtrace[0].source).toMatch(/^tests\/programs\/bad\.c:\d+$/);
  expect(formatFault(result.fault!)).toMatch(
    /0\. 0x1000[0-9a-f]{4} misbehave {2}tests\/programs\/bad\.c:\d+/,
  );
});

function hasAddr2line(): boolean {
  try {
    execFileSync('arm-none-eabi-addr2line', ['--version']);
    return true;
  } catch {
    return false;
  }
}
