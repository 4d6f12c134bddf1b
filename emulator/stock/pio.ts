/** Steps a PIO block once per clk_sys cycle of emulated time; the stock one runs from the host's timers, out of step with the core. */
import type { RPPIO } from 'rp2040js';
import type { CycleClock } from './clock.ts';

export function runPioByCycle(pio: RPPIO, clock: CycleClock): void {
  const alarm = clock.createAlarm(() => {
    if (pio.stopped) return;
    pio.step();
    alarm.schedule(1e9 / clock.frequency);
  });
  pio.run = () => {
    if (!alarm.scheduled) alarm.schedule(1e9 / clock.frequency);
  };
}
