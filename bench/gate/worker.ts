/** Runs gates in a process of its own, one after the other, as its parent (pool.ts) sends them. */
import '../../emulator/timing/inherited.ts';
import { readFileSync } from 'node:fs';
import { emulatorTarget } from '../target/emulator.ts';
import { hostTarget } from '../target/host.ts';
import { loadModel } from '../target/model.ts';
import { runGate } from './gate.ts';
import type { Answer, Order } from './pool.ts';

const say = (answer: Answer): void => {
  process.send?.(answer);
};

process.on('message', async ({ scenario, firmware, baselineFolder }: Order) => {
  try {
    const measured = emulatorTarget({
      bootrom: readFileSync(firmware.bootromPath),
      elf: readFileSync(firmware.elfPath),
      sha256: firmware.sha256,
    });
    const onToken = (index: number) => say({ kind: 'token', index });
    const gate = await runGate(scenario, {
      reference: hostTarget,
      measured,
      loadModel,
      baselineFolder,
      onToken,
    });
    say({ kind: 'gate', gate: { ...gate, result: { ...gate.result, pieces: [], logits: [] } } });
  } catch (error) {
    const { name, message, report, failure } = error as Error & { report?: string; failure?: string };
    say({ kind: 'error', name, message, report, failure });
  }
});
// Without its parent there is nobody to work for.
process.on('disconnect', () => process.exit());
