/** The example of bench/vitest/README.md, and what each matcher says when it fails. */
import { describe, expect, it } from 'vitest';
import { type PicoRun, pico, type ScenarioRun, scenario } from '../../../bench/vitest/index.ts';
import { toTakeCycles } from '../../../bench/vitest/matchers.ts';
import { bareProgram, bkpt, constant, LOOP, ldr, vectorRom } from '../../emulator/support/bare.ts';

const failure = (assertion: () => void): string => {
  try {
    assertion();
  } catch (error) {
    return (error as Error).message;
  }
  return 'it passed';
};

const story = (overrides: Partial<ScenarioRun> = {}): ScenarioRun => ({
  kind: 'scenario',
  tokens: [5, 6],
  text: ' there was',
  cycles: 300,
  cyclesPerToken: [100, 200],
  measured: {} as ScenarioRun['measured'],
  logits: [Int32Array.of(1, 2), Int32Array.of(3, 4)],
  reference: { tokens: [5, 6], logits: [Int32Array.of(1, 2), Int32Array.of(3, 4)] },
  ...overrides,
});

describe('scenario', () => {
  it('tells a story as the reference does, within its budget', async () => {
    const run = await scenario({ prompt: 'Once upon a time', tokens: 4 });
    expect(run).toMatchReference();
    expect(run).toGenerate(run.text.slice(0, 3));
    expect(run).toTakeCycles(run.cyclesPerToken.reduce((sum, cycles) => sum + cycles, 0));
    expect(run).toTakeCycles({ atMost: 20_000_000, perToken: true });
    expect(run).not.toGenerate('a word that is in no story');
  });
});

describe('pico', () => {
  it('runs any program to its fault, and says which', async () => {
    const wild = bareProgram([...constant(1, 0x30000000), ldr(0, 1)]);
    const run = await pico(wild, { bootrom: vectorRom() });
    expect(run).toFault();
    expect(run).toFault('unmapped-read');
    expect(failure(() => expect(run).toFault('stack-overflow'))).toBe(
      'expected stack-overflow, and there was the fault unmapped-read',
    );
    expect(failure(() => expect(run).toPrint('ready'))).toContain('unmapped-read');
  });

  it('ends a program that does nothing when its emulated time is up', async () => {
    const run = await pico(bareProgram([LOOP]), { bootrom: vectorRom(), timeoutSeconds: 0.001 });
    expect(run.end).toBe('timeout');
    expect(run).not.toFault();
    expect(run).toTakeCycles(6501);
  });

  it('treats a breakpoint instruction as the end that it is', async () => {
    expect(await pico(bareProgram([bkpt(0)]), { bootrom: vectorRom() })).toFault('breakpoint-instruction');
  });
});

describe('the matchers', () => {
  it('name the token whose logits differ, with both values', () => {
    const wrong = story({ logits: [Int32Array.of(1, 2), Int32Array.of(3, 5)] });
    expect(failure(() => expect(wrong).toMatchReference())).toBe(
      "logit 1 of token 1 is 5, and the reference's 4; starmind diff finds the tensor",
    );
  });

  it('name the first wrong token where the logits are right', () => {
    expect(failure(() => expect(story({ tokens: [5, 9] })).toMatchReference())).toBe(
      "token 1 is 9, and the reference's 6",
    );
  });

  it('say by how many cycles a run missed', () => {
    expect(failure(() => expect(story()).toTakeCycles(299))).toBe('it took 300 cycles, 1 more than 299');
    expect(failure(() => expect(story()).toTakeCycles({ atMost: 150, perToken: true }))).toBe(
      'token 1 took 200 cycles; allowed are 0 to 150',
    );
    expect(failure(() => expect(story()).toTakeCycles({ atLeast: 301 }))).toBe(
      'it took 300 cycles; allowed are 301 to Infinity',
    );
  });

  it('hold cycles against the baseline in the snapshot file', () => {
    expect(story()).toTakeCycles();
    expect(failure(() => expect(story()).not.toTakeCycles())).not.toBe('it passed');
    const moved = toTakeCycles(story(), undefined, () => {
      throw new Error('Snapshot mismatched');
    });
    expect(moved.pass).toBe(false);
    expect(moved.message()).toContain('vitest -u');
  });

  it('refuse what was not run', () => {
    expect(failure(() => expect(Promise.resolve()).toMatchReference())).toBe(
      'toMatchReference is for what scenario() gives; await it first',
    );
    expect(failure(() => expect({ kind: 'scenario' } as unknown as PicoRun).toPrint('x'))).toContain(
      'pico()',
    );
  });
});
