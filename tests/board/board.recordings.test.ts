import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { emulatedRecordings, FIXTURES } from '../../bench/board/fixtures.ts';
import { scenarioOf } from '../../bench/board/record.ts';
import { decodeRecording, encodeRecording, type Recording } from '../../bench/board/recording.ts';
import { replaySession } from '../../bench/board/replay.ts';
import { boardTarget } from '../../bench/board/target.ts';
import { hostTarget } from '../../bench/target/host.ts';
import { loadModel, type Placement } from '../../bench/target/model.ts';
import type { WeightFormat } from '../../models/quantized.ts';
import { firmware } from '../end-to-end/support/bench.ts';

// Several processes emulate at a time; on a busy machine each gets a small part of it.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const FOLDER = fileURLToPath(new URL('../../fixtures/boards/', import.meta.url));
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.cbor'));
const recordings = files.map((name): [string, Recording] => [
  name,
  decodeRecording(readFileSync(join(FOLDER, name)), name),
]);

const modelOf = ({ head: { scenario } }: Recording) =>
  loadModel(scenario.model, {
    format: scenario.weights as WeightFormat,
    placement: (scenario.placement as Placement | null) ?? undefined,
  });

describe.each(recordings)('the recording %s', (name, recording) => {
  it('names its origin, firmware and model, and the rules behind emulated cycles', () => {
    const { origin, firmwareSha256, firmwareCrc, modelSha256, timingVersion } = recording.head;
    expect(modelSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(firmwareSha256 ?? firmwareCrc).not.toBeNull();
    expect(timingVersion === null).toBe(origin === 'silicon');
    expect(name.startsWith('emulated-')).toBe(origin === 'emulated');
  });

  it('replays, token for token and logit for logit as the reference has them', async () => {
    const model = await modelOf(recording);
    // A model trained anew since then has another image; its recording waits to be made anew.
    if (model.sha256 !== recording.head.modelSha256) return;
    const scenario = scenarioOf(recording, model);
    const reference = await hostTarget.run(scenario);
    const session = await replaySession(recording, name);
    const { tokens, logits, promptTokens, measured } = await boardTarget(session).run(scenario);
    expect({ tokens, promptTokens }).toEqual({
      tokens: reference.tokens,
      promptTokens: reference.promptTokens,
    });
    expect(logits.map((values) => [...values])).toEqual(reference.logits.map((values) => [...values]));
    expect(measured?.cyclesPerToken).toHaveLength(tokens.length);
  });
});

it('the emulated ones come out again byte for byte, from the firmware that they name', async () => {
  const built = await firmware();
  expect(files.filter((name) => name.startsWith('emulated-'))).toEqual(
    FIXTURES.map(({ name }) => name).sort(),
  );
  const stale = recordings.filter(
    ([, { head }]) => head.origin === 'emulated' && head.firmwareSha256 !== built.sha256,
  );
  if (stale.length > 0) return;
  for await (const { name, bytes } of emulatedRecordings(built))
    expect(Buffer.from(bytes).equals(readFileSync(join(FOLDER, name))), name).toBe(true);
});

describe('a recording that is broken', () => {
  const [name, good] = recordings[0]!;
  const bytes = encodeRecording(good);

  it('comes back whole when it was written whole', () => {
    expect(decodeRecording(bytes, name)).toEqual(good);
  });

  it.each([
    ['cut short', bytes.subarray(0, bytes.length - 3), /cut short|is no \[microseconds/],
    ['empty', new Uint8Array(), /no CBOR sequence|does not begin with the head/],
    ['something else', Buffer.from('a text file'), /does not begin|no CBOR sequence/],
    [
      'of no origin',
      encodeRecording({ ...good, head: { ...good.head, origin: 'hearsay' as 'silicon' } }),
      /origin/,
    ],
  ])('%s is refused by name', (_, broken, message) => {
    expect(() => decodeRecording(broken, 'some.cbor')).toThrow(message);
    expect(() => decodeRecording(broken, 'some.cbor')).toThrow(/some\.cbor/);
  });

  it('has no answer to another question', async () => {
    const model = await modelOf(good);
    const session = await replaySession(good, name);
    const other = { ...scenarioOf(good, model), prompt: 'Something else' };
    await expect(boardTarget(session).run(other)).rejects.toThrow(
      /has no answer to|other model|another model/,
    );
  });
});
