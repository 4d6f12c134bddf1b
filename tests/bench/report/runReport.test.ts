import { describe, expect, it } from 'vitest';
import { runReport, runSummary } from '../../../bench/report/runReport.ts';
import type { LoadedModel } from '../../../bench/target/model.ts';
import { measuredResult } from '../gate/fakeTarget.ts';

const model = {
  name: 'letters',
  family: 'llama',
  parameters: 90_000,
  format: 'int8',
  placement: 'pinned',
  flashBytes: 2 * 1024 * 1024,
  sha256: 'model-hash',
  decode: (tokens: number[]) => tokens.map((token) => String.fromCharCode(97 + token)).join(''),
} as unknown as LoadedModel;

describe('the JSON of a run', () => {
  it('has every field of its schema', () => {
    expect(runReport(model, measuredResult(), measuredResult())).toEqual({
      schema: 'starmind-run/1',
      target: 'emulator',
      model: 'letters',
      format: 'int8',
      placement: 'pinned',
      tokens: [5, 6, 7],
      text: 'bhfgh',
      reason: 'length',
      cyclesPerToken: [180, 190, 200],
      phases: {
        embed: 30,
        norm: 30,
        qkv: 30,
        rope: 30,
        attention: 330,
        output: 30,
        ffn: 30,
        logits: 30,
        sample: 30,
      },
      clockHz: 125_000_000,
      tokensPerSecond: (3 * 125_000_000) / 570,
      identicalToReference: true,
      sramBytes: 1000,
      flashBytes: 2000,
      timingVersion: '1',
      firmwareSha256: 'firmware-hash',
      modelSha256: 'model-hash',
    });
  });

  it('has null where the target measures nothing', () => {
    const { measured, ...onHost } = measuredResult();
    expect(measured).toBeDefined();
    expect(runReport(model, { ...onHost, target: 'host' })).toMatchObject({
      target: 'host',
      cyclesPerToken: [],
      phases: null,
      clockHz: null,
      tokensPerSecond: null,
      identicalToReference: null,
      sramBytes: null,
      firmwareSha256: null,
      modelSha256: 'model-hash',
    });
  });

  it('says when a token is not that of the reference', () => {
    const wrong = { ...measuredResult(), tokens: [5, 6, 8] };
    expect(runReport(model, wrong, measuredResult()).identicalToReference).toBe(false);
    expect(runSummary(model, wrong, measuredResult()).at(-1)).toBe(
      'NOT identical to the host reference: token 2 is 8, the reference has 7',
    );
  });
});

describe('the summary of a run', () => {
  it('says what was run, what it cost, and that it is right', () => {
    const text = runSummary(model, measuredResult(), measuredResult()).join('\n');
    expect(text).toMatch(/^model +letters: llama, 90,000 parameters, int8$/m);
    expect(text).toMatch(/^SRAM +1,000 of 270,336 bytes, 0\.4 %$/m);
    expect(text).toMatch(/^flash +2,000 of 2,097,152 bytes, 0\.1 %$/m);
    expect(text).toMatch(/^cycles per token +190 median, 200 95th percentile, 200 worst$/m);
    expect(text).toMatch(/^tokens per second +657,894\.7 at 125 MHz$/m);
    expect(text).toMatch(/^attention +110 +57\.9 % +█{30}$/m);
    expect(text).toMatch(/^identical to the host reference: 3 of 3 tokens$/m);
  });
});
