import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { trainStudy } from '../../../bench/study/train.ts';
import { readTrained } from '../../../bench/study/trained-row.ts';

const folder = mkdtempSync(join(tmpdir(), 'starmind-study-train-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NAME = 'llama-v64-d8-h16-l1-a1';
const out = join(folder, 'trained.jsonl');

describe('training the shapes of the study', () => {
  it('gives a row that tells quality in every format and how to make it again, and does not make it twice', async () => {
    const [row, ...others] = await trainStudy({ only: [NAME], out, steps: 2 });
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      schema: 'starmind-trained/1',
      name: NAME,
      steps: 2,
      command: `starmind study train ${NAME} --steps 2`,
    });
    const { float, int8, int4g32, int4 } = row!.bitsPerByte;
    for (const bits of [float, int8, int4g32, int4]) {
      expect(bits).toBeGreaterThan(1);
      expect(bits).toBeLessThan(8);
    }
    expect(Math.abs(int8 / float - 1)).toBeLessThan(0.02);
    expect(row!.evaluatedTokens).toBeGreaterThan(1000);
    expect(readTrained(out)).toEqual([row]);

    const log: string[] = [];
    expect(await trainStudy({ only: [NAME], out, steps: 2, log: (line) => log.push(line) })).toEqual([row]);
    expect(log).toEqual([]);
  });

  it('refuses a shape that there is not, and a file of something else', async () => {
    await expect(trainStudy({ only: ['llama-v1'], out })).rejects.toThrow('there is no shape llama-v1');
    const other = join(folder, 'other.jsonl');
    writeFileSync(other, '{"schema":"starmind-trained/0"}\n');
    await expect(trainStudy({ only: [NAME], out: other })).rejects.toThrow(
      'other.jsonl, line 1: its schema is starmind-trained/0; this version reads starmind-trained/1',
    );
    expect(readFileSync(other, 'utf8')).toBe('{"schema":"starmind-trained/0"}\n');
  });
});
