/** The present clk_sys cycle of a chip whose clock counts cycles (ours do), or one worked out from its nanoseconds. */
import type { RP2040 } from 'rp2040js';

export function cycleCounter(chip: RP2040): () => number {
  const clock = chip.clock as typeof chip.clock & { cycles?: number };
  if (typeof clock.cycles === 'number') return () => clock.cycles as number;
  let baseCycles = 0;
  let baseNanos = clock.nanos;
  let hz = chip.clkSys;
  const passed = () => ((clock.nanos - baseNanos) * hz) / 1e9;
  chip.addClockListener((clkSys) => {
    baseCycles += passed();
    baseNanos = clock.nanos;
    hz = clkSys;
  });
  // Nanoseconds are sums of rounded periods: what is a billionth of a cycle short of the next one has reached it.
  return () => Math.floor(baseCycles + passed() + 1e-6);
}
