import { describe, expect, it } from 'vitest';
import { tokensPerSecond } from '../../bench/report/runReport.ts';
import { modelFromCheckpoint } from '../../bench/target/model.ts';
import { onEmulator } from './support/bench.ts';
import { syntheticCheckpoint } from './support/synthetic.ts';

const balanced = modelFromCheckpoint(syntheticCheckpoint('balanced-production'));
const asked = { prompt: 'Once upon a time', tokens: 32 };

// Every run on the emulator also compares the firmware's own counts with the emulator's, phase by phase, and fails
// with `disagreement` when one differs (bench/target/emulator.ts).
describe('cycles', () => {
  it('are the same for every token and phase when a run is repeated', async () => {
    const [first, second] = [await onEmulator(balanced, asked), await onEmulator(balanced, asked)];
    expect(first.measured!.cyclesPerToken).toHaveLength(32);
    expect(second.measured).toEqual(first.measured);
  });

  it('do not depend on whether logits are sent', async () => {
    const [plain, watched] = [
      await onEmulator(balanced, asked),
      await onEmulator(balanced, { ...asked, logits: true }),
    ];
    expect(watched.measured!.phasesPerToken).toEqual(plain.measured!.phasesPerToken);
  });

  it('let the balanced shape decode at 1,000 tokens a second or more, at 125 MHz on one core', async () => {
    const { measured } = await onEmulator(balanced, { prompt: 'Once upon a time', tokens: 64 });
    expect(measured!.clockHz).toBe(125_000_000);
    expect(tokensPerSecond(measured!.cyclesPerToken, measured!.clockHz)).toBeGreaterThanOrEqual(1000);
  });

  it('are those of the clock that was asked for, and the same number at any clock for a model in SRAM', async () => {
    const slow = await onEmulator(balanced, { ...asked, tokens: 8 });
    const fast = await onEmulator(balanced, { ...asked, tokens: 8, clockHz: 200_000_000 });
    expect(fast.measured!.clockHz).toBe(200_000_000);
    expect(fast.measured!.cyclesPerToken).toEqual(slow.measured!.cyclesPerToken);
  });
});
