/** The whole way: a function of the real firmware made one cycle slower, and what the gate says about it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../../bench/cli/program.ts';
import { Pico, readProgram } from '../../../emulator/index.ts';
import { buildFirmware, type Firmware } from '../../../firmware/build.ts';

const NOP = 0x46c0;
/** Functions that run in one phase only, which they are listed with; the first that can be slowed down is. */
const CANDIDATES = { rotate_and_store: 'rope', apply_gain: 'norm', sm_argmax_m0: 'sample' };

let firmware: Firmware;
let folder: string;
let args: string[];
/** What is slower, and the phase in which it runs. */
let [slowed, phase] = ['', ''];

beforeAll(async () => {
  // Baselines are written here, to a folder of our own.
  vi.stubEnv('CI', '');
  firmware = await buildFirmware();
  folder = mkdtempSync(join(tmpdir(), 'slow-kernel-'));
  const scenarios = [{ name: 'short', model: 'story-90k', prompt: 'Once upon', tokens: 2, cores: 1 }];
  writeFileSync(join(folder, 'scenarios.json'), JSON.stringify({ schemaVersion: 1, scenarios }));
  writeFileSync(join(folder, 'slow.elf'), slower(firmware.elf));
  args = ['bench', '--scenarios', join(folder, 'scenarios.json'), '--baselines', join(folder, 'baselines')];
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A candidate that returns by `pop {..., pc}` before a NOP that only pads: the other way round each call takes a cycle more. */
const slower = (elf: Uint8Array): Uint8Array => {
  const program = readProgram(elf);
  const pico = new Pico({ bootrom: firmware.bootrom });
  pico.load(program);
  // The firmware's start copies its kernels to SRAM, where their symbols are.
  pico.run({ text: '\n> ', timeoutSeconds: 5 });
  for (const [name, inPhase] of Object.entries(CANDIDATES)) {
    const { address, size } = pico.symbol(name)!;
    const code = pico.readMemory(address, size + 2);
    const popAt = returnBeforeNop(new DataView(code.buffer, code.byteOffset, code.length));
    if (popAt === undefined) continue;
    [slowed, phase] = [name, inPhase];
    const patched = elf.slice();
    const at = indexInFile(elf, code.subarray(0, size)) + popAt;
    const view = new DataView(patched.buffer);
    const pop = view.getUint16(at, true);
    view.setUint16(at, NOP, true);
    view.setUint16(at + 2, pop, true);
    return patched;
  }
  throw new Error('no candidate has a NOP after its return');
};

const returnBeforeNop = (code: DataView): number | undefined => {
  for (let at = code.byteLength - 4; at >= 0; at -= 2) {
    if (code.getUint16(at, true) >> 8 === 0xbd && code.getUint16(at + 2, true) === NOP) return at;
  }
  return undefined;
};

const indexInFile = (file: Uint8Array, part: Uint8Array): number => {
  const at = Buffer.from(file).indexOf(part);
  expect(at).toBeGreaterThan(0);
  return at;
};

/** Exit code and what was printed. */
const starmind = async (...more: string[]): Promise<{ code: number; output: string }> => {
  const { write } = process.stdout;
  let output = '';
  process.exitCode = undefined;
  process.stdout.write = ((text: string | Uint8Array) => {
    output += typeof text === 'string' ? text : Buffer.from(text).toString();
    return true;
  }) as typeof write;
  try {
    return { code: await runCommandLine([...args, ...more]), output };
  } finally {
    process.stdout.write = write;
    process.exitCode = undefined;
  }
};

describe('a function that is one cycle slower', () => {
  it('fails the check with 3, which names scenario, token, phase and function, in text, markdown and JUnit', async () => {
    expect((await starmind('--update')).code).toBe(0);
    expect((await starmind('--check')).code).toBe(0);
    const markdown = join(folder, 'summary.md');
    const junit = join(folder, 'junit.xml');
    const { code, output } = await starmind(
      '--check',
      '--firmware',
      join(folder, 'slow.elf'),
      '--markdown',
      markdown,
      '--junit',
      junit,
    );
    expect(code).toBe(3);
    expect(output).toMatch(/^short: cycles moved, \+\d+ cycles over 2 tokens$/m);
    expect(output).toMatch(
      new RegExp(`token 0: [\\d,]+ -> [\\d,]+ \\(\\+\\d+ cycles\\); ${phase} \\+\\d+ cycles$`, 'm'),
    );
    expect(output).toMatch(new RegExp(`${phase}: ${slowed} \\+\\d+ cycles over the run`));
    const text = readFileSync(markdown, 'utf8');
    expect(text).toContain('short');
    expect(text).toMatch(new RegExp(`${phase}.*${slowed}`));
    expect(readFileSync(junit, 'utf8')).toMatch(/<failure[^>]*cycles moved/);
  });
});
