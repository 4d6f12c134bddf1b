import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { starmind } from '../../end-to-end/support/cli.ts';
import { writeExample } from './example.ts';

const folder = mkdtempSync(join(tmpdir(), 'starmind-pick-'));
writeExample(folder);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Exit code and what it wrote. */
const run = async (...argv: string[]) => {
  const { exitCode: code, stdout: out, stderr: err } = await starmind(argv);
  return { code, out, err };
};
const pick = (...argv: string[]) => run('pick', '--results', folder, ...argv);

describe('starmind pick', () => {
  it('names the shape with the fewest bits per byte within a budget, as a table and as JSON', async () => {
    const { code, out } = await pick('--tokens-per-second', '500', '--sram', '64K');
    expect(code).toBe(0);
    const [head, best] = out.split('\n');
    expect(head).toMatch(/shape\s+format\s+cores\s+bits\/byte\s+tokens\/s/);
    const json = JSON.parse((await pick('--tokens-per-second', '500', '--sram', '64K', '--json')).out);
    expect(json).toMatchObject({ schema: 'starmind-pick/1', clockHz: 125_000_000 });
    expect(best).toContain(json.pick.name);
    expect(json.pick.tokensPerSecond).toBeGreaterThanOrEqual(500);
    expect(json.pick.sramBytes).toBeLessThanOrEqual(65_536);
    for (const other of json.others) expect(other.bitsPerByte).toBeGreaterThanOrEqual(json.pick.bitsPerByte);
  });

  it('takes clock, cores and flash into account', async () => {
    const speed = async (...argv: string[]) => JSON.parse((await pick('--json', ...argv)).out).pick;
    expect((await speed('--cores', '1')).cores).toBe(1);
    const [slow, fast] = [await speed(), await speed('--clock', '200')];
    expect(fast.name).toBe(slow.name);
    expect(fast.tokensPerSecond / slow.tokensPerSecond).toBeCloseTo(1.6, 6);
    expect((await speed('--flash', '70K')).flashBytes).toBeLessThanOrEqual(70 * 1024);
  });

  it('says what there is when nothing fits, with exit code 1', async () => {
    const { code, out, err } = await pick('--tokens-per-second', '1000000', '--sram', '1K');
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toMatch(
      /no trained shape is within the budget: the fastest makes [\d,]+ tokens\/s, the smallest takes [\d,]+ bytes/,
    );
  });

  it('refuses what is no budget', async () => {
    for (const [argv, message] of [
      [['--sram', 'much'], 'It must be a number of bytes, such as 65536 or 64K'],
      [['--tokens-per-second', '-1'], 'It must be more than 0'],
      [['--results', join(folder, 'none')], 'has no results'],
    ] as const) {
      const { code, err } = await run('pick', '--results', folder, ...argv);
      expect(code).toBe(2);
      expect(err).toContain(message);
    }
  });
});

describe('starmind study claims', () => {
  it('prints each claim with original, measurement and verdict, and as JSON', async () => {
    const { code, out } = await run('study', 'claims', '--results', folder);
    expect(code).toBe(0);
    expect(out.match(/^(HOLDS|DOES NOT HOLD IN C|NEVER HELD|NOT MEASURED): /gm)).toHaveLength(13);
    const json = JSON.parse((await run('study', 'claims', '--results', folder, '--json')).out);
    expect(json.schema).toBe('starmind-claims/1');
    expect(json.claims).toHaveLength(13);
  });
});
