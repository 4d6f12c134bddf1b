/**
 * The random programs of core.differential.test.ts on Unicorn, where Python has it (`pip install unicorn`; another Python:
 * STARMIND_PYTHON). Registers, flags and memory; Unicorn has no cycles.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Chip } from '../../emulator/chip/chip.ts';
import { layOut, registerValue, thumbStep } from './support/random-thumb.ts';

const PYTHON = process.env.STARMIND_PYTHON ?? 'python3';
const ORACLE = fileURLToPath(new URL('./support/unicorn_oracle.py', import.meta.url));
const installed = spawnSync(PYTHON, ['-c', 'import unicorn']).status === 0;

const CODE = 0x20000100;
const DATA = 0x20010000;
const DATA_BYTES = 0x800;
const CASES = 4000;

interface Job {
  code: Uint16Array;
  registers: number[];
  flags: number;
}

/** Unicorn keeps a Q flag in APSR, which ARMv6-M does not have, and MRS then shows it. */
const MSR_APSR = 0xf380;

const data = Uint8Array.from({ length: DATA_BYTES }, (_, i) => (i * 167 + (i >> 3)) & 0xff);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const job: fc.Arbitrary<Job> = fc.record({
  code: fc
    .array(thumbStep, { minLength: 1, maxLength: 120, size: 'max' })
    .map((steps) => layOut(steps.filter(({ code }) => code[0] !== MSR_APSR))),
  registers: fc
    .array(registerValue, { minLength: 15, maxLength: 15 })
    .map((values) => values.map((value, n) => (n === 7 ? DATA : n === 13 ? DATA + 0x600 : value >>> 0))),
  flags: fc.integer({ min: 0, max: 15 }).map((bits) => (bits << 28) >>> 0),
});

function ours(chip: Chip, { code, registers, flags }: Job): unknown {
  for (let i = 0; i < code.length; i++) chip.bus.writeSram(CODE - 0x20000000 + 2 * i, code[i], 2, 0, 0);
  chip.rp2040.sram.set(data, DATA - 0x20000000);
  const core = chip.cores[0];
  core.registers.set(registers);
  core.apsr = flags;
  core.jump(CODE);
  expect(chip.run(core.cycle + 10_000)).toBe('break');
  return {
    registers: [...core.registers.subarray(0, 15)].map((value) => value >>> 0),
    pc: core.pc,
    flags: core.apsr >>> 28,
    data: hex(chip.rp2040.sram.subarray(DATA - 0x20000000, DATA - 0x20000000 + DATA_BYTES)),
  };
}

describe.skipIf(!installed)('random programs end as on Unicorn', () => {
  test('in registers, flags and memory', () => {
    const jobs = fc.sample(job, { numRuns: CASES, seed: 77 });
    const input = jobs.map(({ code, registers, flags }) =>
      JSON.stringify({
        code: hex(new Uint8Array(code.buffer)),
        address: CODE,
        registers,
        flags,
        data: hex(data),
        dataAddress: DATA,
      }),
    );
    const { stdout, stderr, status } = spawnSync(PYTHON, [ORACLE], {
      input: input.join('\n'),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    expect(status, stderr).toBe(0);
    const chip = new Chip();
    chip.cores[1].held = true;
    chip.onBreak = () => true;
    stdout
      .trimEnd()
      .split('\n')
      .forEach((line, n) => {
        expect(ours(chip, jobs[n]), `case ${n}: ${input[n]}`).toEqual(JSON.parse(line));
      });
  });
});
