import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';

/** STARMIND_CORPUS_MB=2000 tries it with more; the heap stays as it is. */
const MEGABYTES = Number(process.env['STARMIND_CORPUS_MB'] ?? 96);
const HEAP_MEGABYTES = 64;

const folder = mkdtempSync(join(tmpdir(), 'corpus-stream-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file in the TinyStories format, and how many stories are in it. */
function writeStories(path: string): number {
  const filler = 'They played in the park and the sun was warm. '.repeat(20);
  const file = openSync(path, 'w');
  let stories = 0;
  for (let bytes = 0; bytes < MEGABYTES * 1e6; ) {
    const some = Array.from({ length: 1000 }, () => `Story ${stories++}. ${filler}\n<|endoftext|>\n`);
    bytes += writeSync(file, some.join(''));
  }
  closeSync(file);
  return stories;
}

it('streams a TinyStories file larger than the memory it may use, each story in exactly one split', () => {
  const path = join(folder, 'large.txt');
  const stories = writeStories(path);
  const text = pathToFileURL(join(import.meta.dirname, '../../models/corpus/text.ts')).href;
  const code = `
    const { textStories } = await import(${JSON.stringify(text)});
    const result = {};
    for (const split of ['train', 'held-out']) {
      let [count, sum] = [0, 0];
      for (const story of textStories(${JSON.stringify(path)}, split)) {
        count++;
        sum += Number(/^Story (\\d+)\\./.exec(story)[1]);
      }
      result[split] = { count, sum };
    }
    const rssMegabytes = process.resourceUsage().maxRSS / 1024;
    console.log(JSON.stringify({ ...result, rssMegabytes }));`;
  const printed = execFileSync(
    process.execPath,
    [`--max-old-space-size=${HEAP_MEGABYTES}`, '--import', 'tsx', '--input-type=module', '-e', code],
    { encoding: 'utf8' },
  );
  const { train, 'held-out': heldOut, rssMegabytes } = JSON.parse(printed);
  expect(train.count + heldOut.count).toBe(stories);
  expect(train.sum + heldOut.sum).toBe((stories * (stories - 1)) / 2);
  expect(heldOut.count / stories).toBeCloseTo(0.05, 2);
  console.info(
    `${MEGABYTES} MB read with a heap of ${HEAP_MEGABYTES} MB; resident ${Math.round(rssMegabytes)} MB`,
  );
  expect(rssMegabytes).toBeLessThan(300);
});
