import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFromCheckpoint } from '../../bench/target/model.ts';
import { writeCheckpoint } from '../../models/index.ts';
import { firmware } from './support/bench.ts';
import { starmind } from './support/cli.ts';
import { syntheticCheckpoint } from './support/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'bad-input-'));
const file = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const checkpoint = syntheticCheckpoint('maximum-speed');
const { image } = modelFromCheckpoint(checkpoint);
const MODEL = file('good.smp');

beforeAll(async () => {
  writeFileSync(MODEL, image);
  writeFileSync(file('empty.smp'), '');
  writeFileSync(file('cut.smp'), image.subarray(0, image.length >> 1));
  writeFileSync(file('flipped.smp'), flipped(image, image.length - 40));
  writeFileSync(file('long.smp'), Buffer.concat([image, new Uint8Array(3 * 1024 * 1024)]));
  const { elfPath, uf2Path } = await firmware();
  writeFileSync(file('cut.elf'), readFileSync(elfPath).subarray(0, 5000));
  writeFileSync(file('cut.uf2'), readFileSync(uf2Path).subarray(0, 700));
  writeFileSync(file('flipped.uf2'), flipped(readFileSync(uf2Path), 512 + 3));
  writeFileSync(file('bad.hex'), ':10000000214601360121470136007EFE09D2190141\n');
  writeFileSync(file('empty.bin'), '');
  const wide = { ...checkpoint, tokenizer: { ...checkpoint.tokenizer, section: noFallback() } };
  await writeCheckpoint(file('no-fallback'), wide);
});

const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at]! ^= 1;
  return copy;
};

/** The tokenizer section without its fallback: characters it has no piece for are then errors. */
const noFallback = (): Uint8Array => {
  const section = checkpoint.tokenizer.section.slice();
  section[4] = 0;
  return section;
};

/** Exit code 2, nothing on stdout, the message on stderr, and no stack trace. */
const expectRefused = async (args: string[], message: RegExp, exitCode = 2): Promise<void> => {
  const result = await starmind(args);
  expect(result.stderr).toMatch(message);
  expect(result.stderr).not.toMatch(/\n\s+at .*:\d+/);
  expect(result).toMatchObject({ exitCode, stdout: '' });
};

describe('a model that cannot be used', () => {
  it.each([
    ['stroy-90k', /no model "stroy-90k"|unknown/],
    [file('none.smp'), /none\.smp: there is no such file/],
    [file('none.safetensors'), /none/],
    [file('empty.smp'), /empty\.smp: no-model/],
    [file('cut.smp'), /cut\.smp: truncated/],
    [file('flipped.smp'), /flipped\.smp: bad-crc/],
  ])('%s is refused', async (model, message) => {
    await expectRefused(['run', '--model', model], message);
  });

  it('is refused when it needs more SRAM than there is, with the numbers', async () => {
    await writeCheckpoint(file('long'), syntheticCheckpoint('story-8k', { context: 1024, layers: 15 }));
    const message = /too-big-for-sram: .* bytes of SRAM, [\d,]+ more than the [\d,]+ there are/;
    await expectRefused(['run', '--model', file('long')], message);
  });

  it('is refused when it needs more flash than there is, with the numbers', async () => {
    const wide = { vocabulary: 1024, dim: 640, hidden: 640, layers: 2, context: 8 };
    await writeCheckpoint(file('wide'), syntheticCheckpoint('maximum-speed', wide));
    const message = /too-big-for-flash: .* bytes of flash, [\d,]+ more than the [\d,]+ there are/;
    await expectRefused(['run', '--model', file('wide')], message);
  });

  it('may be followed by other bytes', async () => {
    const result = await starmind([
      'run',
      '--model',
      file('long.smp'),
      '--target',
      'host',
      '--tokens',
      '2',
      '--json',
    ]);
    expect(JSON.parse(result.stdout).tokens).toHaveLength(2);
  });
});

describe('a prompt that cannot be used', () => {
  it('is refused when a character is outside the vocabulary', async () => {
    await expectRefused(
      ['run', '--model', file('no-fallback'), '--prompt', 'über'],
      /no token for "ü" at byte 0/,
    );
  });

  it('is refused when it is longer than the context, with both lengths', async () => {
    await expectRefused(
      ['run', '--model', MODEL, '--prompt', 'ab '.repeat(400)],
      /the prompt has \d+ tokens; the context of .* holds 64/,
    );
  });
});

describe('a program that cannot be run', () => {
  it.each([
    ['none.elf', /none\.elf: there is no such file/],
    ['cut.elf', /cut\.elf: /],
    ['cut.uf2', /cut\.uf2: .*512 bytes/],
    ['flipped.uf2', /flipped\.uf2: /],
    ['bad.hex', /bad\.hex: /],
    ['empty.bin', /empty\.bin: .*empty/],
  ])('%s is refused by name', async (name, message) => {
    await expectRefused(['exec', file(name)], message);
  });
});

describe('an output that cannot be written', () => {
  it('leaves an older file as it was, and no draft', async () => {
    const target = file('model.uf2');
    writeFileSync(target, 'older');
    const before = readdirSync(folder);
    await expectRefused(['image', file('cut.smp'), target], /truncated/);
    expect(readFileSync(target, 'utf8')).toBe('older');
    expect(readdirSync(folder)).toEqual(before);
  });

  it('is named when its folder does not exist or is read-only', async () => {
    await expectRefused(
      ['image', MODEL, file('no/model.uf2')],
      /model\.uf2: there is no such file or folder/,
    );
    // Even root cannot make a file in /sys.
    const readOnly = /model\.uf2: (you may not read or write there|the folder is read-only|there is no such)/;
    await expectRefused(['image', MODEL, '/sys/model.uf2'], readOnly);
  });
});

describe('a firmware that cannot be built', () => {
  it('for want of a compiler says what to install', async () => {
    const { exitCode, stdout, stderr } = await starmind(['build'], { PATH: folder });
    expect(stderr).toMatch(
      /arm-none-eabi-gcc[\s\S]*(apt-get install|brew install|Install the Arm GNU Toolchain)/,
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  });

  it('for want of an SDK says which folder is none', async () => {
    const { exitCode, stderr } = await starmind(['build'], { PICO_SDK_PATH: folder });
    expect(stderr).toContain(`${folder} is not a Pico SDK`);
    expect(exitCode).toBe(1);
  });
});

describe('a run that does not end well', () => {
  it('is a time-out, in emulated time, with exit code 42', async () => {
    const { elfPath } = await firmware();
    const result = await starmind([
      'exec',
      elfPath,
      '--expect',
      'never printed',
      '--timeout',
      '0.1',
      '--json',
    ]);
    expect(result.exitCode).toBe(42);
    expect(result.stderr).toMatch(/0\.1 s of emulated time and "never printed" never came/);
    expect(JSON.parse(result.stdout)).toMatchObject({ end: 'timeout', exitCode: 42, expectMissing: true });
  });

  it('is a failure that the program printed itself', async () => {
    const { uf2Path } = await firmware();
    const result = await starmind(['exec', uf2Path, '--fail', 'no-model']);
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/printed "no-model"/) });
  });

  it('is a fault, with its report', async () => {
    writeFileSync(
      file('noise.bin'),
      Uint8Array.from({ length: 4096 }, (_, i) => i * 7),
    );
    const result = await starmind(['exec', file('noise.bin')]);
    expect(result).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/Registers:[\s\S]*ended in a fault/),
    });
  });
});
