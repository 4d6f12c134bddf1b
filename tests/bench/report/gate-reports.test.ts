/** What a gate leaves for machines and job summaries: JUnit for a real XML parser, Markdown, customSmallerIsBetter. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GateResult, runGate, updateBaseline } from '../../../bench/gate/gate.ts';
import { junitXml } from '../../../bench/report/junit.ts';
import { gateMarkdown } from '../../../bench/report/markdown.ts';
import { smallerIsBetter } from '../../../bench/report/smallerIsBetter.ts';
import { fakeModel, fakeTarget, SCENARIO } from '../gate/fakeTarget.ts';

const folder = mkdtempSync(join(tmpdir(), 'reports-'));
afterAll(() => rmSync(folder, { recursive: true }));

let same: GateResult;
let moved: GateResult;

beforeAll(async () => {
  const gate = (measured = fakeTarget()) =>
    runGate(SCENARIO, { reference: fakeTarget(), measured, loadModel: fakeModel, baselineFolder: folder });
  updateBaseline(await gate(), folder);
  same = await gate();
  moved = await gate(
    fakeTarget((result) => {
      result.measured!.cyclesPerToken[1]! += 5;
      result.measured!.phasesPerToken[1]![4]! += 5;
      result.measured!.firmwareSha256 = 'other <firmware> & "hash"';
    }),
  );
});

/** The tree as Python's own parser reads it: tag, attributes, text, children. */
const parse = (xml: string): Tree =>
  JSON.parse(
    execFileSync(
      'python3',
      [
        '-c',
        `import json, sys, xml.etree.ElementTree as e
def tree(n): return {"tag": n.tag, "attributes": n.attrib, "text": (n.text or "").strip(), "children": [tree(c) for c in n]}
print(json.dumps(tree(e.fromstring(sys.stdin.buffer.read()))))`,
      ],
      { input: xml, encoding: 'utf8' },
    ),
  );

interface Tree {
  tag: string;
  attributes: Record<string, string>;
  text: string;
  children: Tree[];
}

describe('JUnit XML', () => {
  it('is what its readers expect: counts, one case for each scenario, properties, a failure with the whole report', () => {
    const root = parse(junitXml([same, moved]));
    expect([root.tag, root.attributes]).toEqual(['testsuites', { tests: '2', failures: '1' }]);
    const [suite] = root.children;
    expect(suite!.attributes).toEqual({
      name: 'starmind bench',
      tests: '2',
      failures: '1',
      errors: '0',
      skipped: '0',
    });
    const [passed, failed] = suite!.children;
    for (const one of [passed, failed]) {
      expect(one!.tag).toBe('testcase');
      expect(one!.attributes).toMatchObject({ classname: 'starmind.bench', name: 'small' });
      expect(Number(one!.attributes.time)).toBeGreaterThan(0);
      expect(one!.children[0]!.tag).toBe('properties');
    }
    expect(passed!.children).toHaveLength(1);
    const properties = failed!.children[0]!.children.map(({ attributes }) => [
      attributes.name,
      attributes.value,
    ]);
    expect(Object.fromEntries(properties)).toEqual({
      cyclesPerTokenMedian: '195',
      cyclesPerTokenP95: '200',
      cyclesPerTokenWorst: '200',
      firmwareSha256: 'other <firmware> & "hash"',
      modelSha256: 'model-hash',
      timingVersion: '1',
    });
    const failure = failed!.children[1]!;
    expect(failure.tag).toBe('failure');
    expect(failure.attributes).toEqual({
      type: 'moved',
      message: 'cycles moved, +5 cycles over 3 tokens',
    });
    expect(failure.text).toContain('token 1: 190 -> 195 (+5 cycles); attention +5 cycles');
  });
});

describe('Markdown', () => {
  it('shows base, head, change, limit, hashes and the version of the timing rules', () => {
    const lines = gateMarkdown([
      { ...moved, scenario: { ...SCENARIO, softPercent: 1, hardLimit: 500 } },
    ]).split('\n');
    const table = lines
      .filter((line) => line.startsWith('|'))
      .map((line) => line.split('|').map((cell) => cell.trim()));
    expect(table[0]).toContain('limit');
    expect(table[2]).toEqual([
      '',
      '⚠️',
      'small',
      '190',
      '195',
      '+5 cycles',
      '200',
      '200',
      '±1 %, 500',
      'identical',
      '',
    ]);
    const parts = table.slice(3);
    expect(parts).toContainEqual(['', 'firmware', '`firmware-has`', '`other <firmw`', '']);
    expect(parts).toContainEqual(['', 'timing rules', 'version 1', 'version 1', '']);
    expect(parts).toContainEqual(['', 'model of small', '`model-hash`', '`model-hash`', '']);
    expect(lines).toContain('  token 1: 190 -> 195 (+5 cycles); attention +5 cycles');
  });
});

describe('customSmallerIsBetter', () => {
  it('is an array of name, unit and value, with what was measured beside it', () => {
    const rows = smallerIsBetter([same]);
    expect(rows.map(({ name, unit, value }) => [name, unit, value])).toEqual([
      ['small: median', 'cycles/token', 190],
      ['small: 95th percentile', 'cycles/token', 200],
      ['small: worst', 'cycles/token', 200],
      ['small: prefill', 'cycles/token', 150],
    ]);
    for (const { extra } of rows) expect(extra).toBe('firmware firmware-hash, timing rules version 1');
  });
});
