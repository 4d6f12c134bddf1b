import { describe, expect, it } from 'vitest';
import { starmind } from '../../end-to-end/support/cli.ts';

describe('a wrong command line', () => {
  it.each([
    [['rnu'], /unknown command 'rnu'\s+\(Did you mean run\?\)/],
    [['run', '--tokens', '0'], /--tokens.*1 or more; it is 0/],
    [['run', '--tokens', '-5'], /--tokens.*1 or more; it is -5/],
    [['run', '--tokens', 'many'], /"many" is not a number/],
    [['run', '--tokens', '1.5'], /whole number/],
    [['run', '--temperature', 'NaN'], /"NaN" is not a number/],
    [['run', '--temperature', '-1'], /temperature is -1/],
    [['run', '--temperature', '0.001'], /temperature is 0\.001.*0\.01\.\.100/],
    [['run', '--top-p', '0'], /top-p is 0/],
    [['run', '--top-k', '-1'], /top-k is -1/],
    [['run', '--seed', '4294967296'], /seed is 4294967296/],
    [['run', '--clock', '48'], /125, 133 or 200/],
    [['run', '--target', 'board'], /emulator, host/],
    [['run', '--modle', 'x'], /unknown option '--modle'\s+\(Did you mean --model\?\)/],
    [['exec'], /missing required argument 'file'/],
    [['exec', 'x', '--timeout', '0'], /more than 0 seconds/],
    [['exec', 'x', '--expect', ''], /--expect is empty/],
    [['image', 'story-90k', 'model.bin'], /must be \.uf2 or \.smp/],
    [['bench', 'no-such-scenario'], /no scenario "no-such-scenario"/],
  ])('starmind %j is refused', async (args, message) => {
    const result = await starmind(args);
    expect(result.stderr).toMatch(message);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

describe('help', () => {
  it('lists every verb, the exit codes, and examples', async () => {
    const { stdout, exitCode } = await starmind(['--help']);
    for (const verb of ['run', 'exec', 'bench', 'check', 'build', 'image', 'train', 'models']) {
      expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
    }
    expect(stdout).toMatch(/Exit codes: .*3 cycles moved, 42 emulated time-out/);
    expect(exitCode).toBe(0);
  });

  it.each(['run', 'exec', 'bench', 'image', 'train'])('of %s shows examples', async (verb) => {
    const { stdout, exitCode } = await starmind([verb, '--help']);
    expect(stdout).toMatch(new RegExp(`Examples:\\n  starmind ${verb}`));
    expect(exitCode).toBe(0);
  });
});

describe('CI', () => {
  it('never writes baselines', async () => {
    const { stderr, exitCode } = await starmind(['bench', '--update'], { CI: 'true' });
    expect(stderr).toMatch(/CI never does/);
    expect(exitCode).toBe(2);
  });
});

describe('starmind models', () => {
  it('lists every preset with its family and parameters', async () => {
    const { stdout } = await starmind(['models', '--json']);
    const { schema, models } = JSON.parse(stdout);
    expect(schema).toBe('starmind-models/1');
    const balanced = models.find(({ name }: { name: string }) => name === 'balanced-production');
    expect(balanced).toMatchObject({ family: 'starmind', parameters: 8744 });
  });
});
