import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../../bench/cli/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'starmind-study-command-'));

/** Exit code, and what it wrote to stderr. */
const starmind = async (...argv: string[]): Promise<{ code: number; says: string }> => {
  const written: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  try {
    return { code: await runCommandLine(argv), says: written.join('') };
  } finally {
    spy.mockRestore();
  }
};

afterEach(() => rmSync(join(folder, 'x.jsonl'), { force: true }));

describe('starmind study with bad input', () => {
  it('says what is wrong and exits with 2, before anything runs', async () => {
    for (const [argv, message] of [
      [['--shard', '3/2'], '"3/2" is no shard'],
      [['--set', '9K'], 'has no set "9K"; it has 1K, 3K'],
      [['--out', 'results.txt'], '--out results.txt must end in .jsonl'],
      [['--shapes', join(folder, 'none.csv')], 'there is no such file'],
      [['merge', join(folder, 'none.jsonl'), '--out', join(folder, 'x.jsonl')], 'there is no such file'],
    ] as const) {
      const { code, says } = await starmind('study', ...argv);
      expect(says).toContain(message);
      expect(code).toBe(2);
    }
  });

  it('does not merge a file that is none', async () => {
    const path = join(folder, 'broken.jsonl');
    writeFileSync(path, '{"schema":"starmind-study/0"}\n');
    const { code, says } = await starmind('study', 'merge', path, '--out', join(folder, 'x.jsonl'));
    expect(says).toContain('its schema is starmind-study/0; this version reads starmind-study/1');
    expect(code).toBe(2);
  });
});
