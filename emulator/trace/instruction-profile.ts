/**
 * Cycles of each instruction of one function, on both cores. The chip runs at full speed up to the function (breakpoints at its
 * beginning and after its calls) and instruction by instruction inside; how a run is cut changes no cycle.
 */
import type { Chip, StopReason } from '../chip/chip.ts';
import { type Core, SEQ_NONE } from '../core/core.ts';

/** Cycles and executions of each instruction of one function. */
export class InstructionProfile {
  readonly address: number;
  readonly size: number;
  /** By halfword of the function. */
  readonly cycles: Float64Array;
  /** How often each instruction was executed. */
  readonly executions: Float64Array;
  private chip: Chip | undefined;
  /** For each core, the instruction of the function that its cycles go to; undefined outside. */
  private readonly current: (number | undefined)[] = [undefined, undefined];

  constructor({ address, size }: { address: number; size: number }) {
    this.address = address;
    this.size = size;
    this.cycles = new Float64Array((size + 1) >> 1);
    this.executions = new Float64Array((size + 1) >> 1);
  }

  /** Takes the place of `chip.run`. */
  run(chip: Chip, until: number): StopReason {
    if (this.chip !== chip) this.attach(chip);
    let reason: StopReason = 'cycle';
    while (chip.cycle < until && (reason === 'cycle' || reason === 'breakpoint')) {
      reason = chip.cores.some((core) => this.isInside(core)) ? this.step(chip) : chip.run(until);
      for (const core of chip.cores) this.arrive(core);
    }
    return reason;
  }

  private step(chip: Chip): StopReason {
    const before = chip.cores.map(({ cycle }) => cycle);
    const reason = chip.run(chip.cycle + 1);
    for (const core of chip.cores) {
      const at = this.current[core.id];
      if (at !== undefined) this.cycles[at]! += core.cycle - (before[core.id] ?? 0);
    }
    return reason;
  }

  /** A branch under way still belongs to the instruction that branched. */
  private arrive(core: Core): void {
    if (core.sequence !== SEQ_NONE) return;
    const at = this.covers(core.pc) ? (core.pc - this.address) >> 1 : undefined;
    if (at !== undefined && at !== this.current[core.id]) this.executions[at]!++;
    this.current[core.id] = at;
  }

  /** In the function, or in an exception that may have interrupted it. */
  private isInside(core: Core): boolean {
    return !core.stopped && (this.current[core.id] !== undefined || this.covers(core.pc) || core.handlerMode);
  }

  private covers(pc: number): boolean {
    return pc >= this.address && pc < this.address + this.size;
  }

  private attach(chip: Chip): void {
    this.chip = chip;
    this.current.fill(undefined);
    chip.addBreakpoint(this.address);
    // What looks like a call may be a constant: a breakpoint too many does no harm.
    const region = chip.code.regionAt(this.address);
    const base = chip.code.regionBase(region, this.address);
    for (let pc = this.address; pc < this.address + this.size; pc += 2) {
      const first = chip.code.halfword(region, (pc - base) >>> 1);
      if (first >>> 11 === 0b11110) chip.addBreakpoint(pc + 4);
      else if ((first & 0xff87) === 0x4780) chip.addBreakpoint(pc + 2);
    }
  }
}
