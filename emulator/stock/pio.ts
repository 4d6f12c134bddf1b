/**
 * Gives rp2040js' PIO blocks time. The stock block runs its state machines from the host's timers, one instruction a step, whatever
 * their clock divider, delay or enable bit say. Here each enabled machine takes its steps on its own divided clock, in emulated time,
 * and pays for its delays. RP2040 datasheet 3.5.5 (clock dividers) and 3.4 (delay cycles).
 */
import type { RP2040, RPPIO, StateMachine } from 'rp2040js';

const CTRL = 0x000;
const SM0_CLKDIV = 0x0c8;
const SM_STRIDE = 0x18;
const MACHINES = 4;
/** Two machines due within this time are due in the same clk_sys cycle: float noise, not time. */
const SAME_TIME_NANOS = 1e-3;

/** One state machine's own clock. */
interface Pace {
  machine: StateMachine;
  running: boolean;
  /** Time of tick n: anchor + n * period. */
  anchorNanos: number;
  periodNanos: number;
  ticks: number;
  /** Value of the machine's own cycle counter that has been paid for. */
  paid: number;
  /** Ticks to let pass for delays. */
  owed: number;
}

/** Returns what keeps the blocks' time, which nothing else leads to. */
export function runPioInEmulatedTime(rp2040: RP2040): object[] {
  return rp2040.pio.map((pio) => new PioPacer(rp2040, pio));
}

class PioPacer {
  private readonly rp2040: RP2040;
  private readonly pio: RPPIO;
  private readonly alarm: { schedule(deltaNanos: number): void; cancel(): void };
  private readonly paces: Pace[];

  constructor(rp2040: RP2040, pio: RPPIO) {
    this.rp2040 = rp2040;
    this.pio = pio;
    this.alarm = rp2040.clock.createAlarm(() => this.tick());
    this.paces = pio.machines.map((machine) => {
      return { machine, running: false, anchorNanos: 0, periodNanos: 0, ticks: 0, paid: 0, owed: 0 };
    });
    pio.run = () => {};
    const write = pio.writeUint32.bind(pio);
    pio.writeUint32 = (offset, value) => {
      write(offset, value);
      if (offset === CTRL) this.enable(value);
      const index = (offset - SM0_CLKDIV) / SM_STRIDE;
      if (Number.isInteger(index) && index >= 0 && index < MACHINES) this.restartClock(this.paces[index]);
    };
    rp2040.addClockListener(() => {
      for (const pace of this.paces) this.restartClock(pace);
    });
  }

  private enable(control: number): void {
    for (const pace of this.paces) {
      const { enabled, index } = pace.machine;
      if (enabled && (!pace.running || control & (1 << (8 + index)))) this.restartClock(pace);
      pace.running = enabled;
    }
    this.plan();
  }

  private restartClock(pace: Pace): void {
    const { clockDivInt, clockDivFrac } = pace.machine;
    const divider = (clockDivInt || 0x10000) + clockDivFrac / 256;
    pace.periodNanos = (divider * 1e9) / this.rp2040.clkSys;
    pace.anchorNanos = this.rp2040.clock.nanos;
    pace.ticks = 1;
    this.plan();
  }

  private plan(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const pace of this.paces) if (pace.running) next = Math.min(next, dueNanos(pace));
    if (next === Number.POSITIVE_INFINITY) this.alarm.cancel();
    else this.alarm.schedule(next - this.rp2040.clock.nanos);
  }

  private tick(): void {
    const now = this.rp2040.clock.nanos + SAME_TIME_NANOS;
    for (const pace of this.paces) {
      if (!pace.running || dueNanos(pace) > now) continue;
      pace.ticks++;
      stepOnce(pace);
    }
    this.pio.checkChangedPins();
    this.plan();
  }
}

function dueNanos({ anchorNanos, ticks, periodNanos }: Pace): number {
  return anchorNanos + ticks * periodNanos;
}

/** One tick of a machine's clock: a delay cycle, a look at what it waits for, or an instruction. */
function stepOnce(pace: Pace): void {
  const { machine } = pace;
  // Instructions forced through SMx_INSTR and delays after a wait were added to the machine's counter in the meantime.
  pace.owed = machine.cycles < pace.paid ? 0 : pace.owed + machine.cycles - pace.paid;
  pace.paid = machine.cycles;
  if (pace.owed > 0) {
    pace.owed--;
  } else if (machine.waiting) {
    machine.checkWait();
  } else {
    machine.step();
    pace.owed = Math.max(0, machine.cycles - pace.paid - 1);
    pace.paid = machine.cycles;
  }
}
