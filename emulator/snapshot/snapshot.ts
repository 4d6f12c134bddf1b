/**
 * The whole state of an emulated Pico at one moment, to come back to: both cores, memories, peripherals with what they are in the
 * middle of, the clock and its alarms, and the far ends of its wires. Going on from a restored snapshot is the same run, cycle for
 * cycle and bit for bit.
 *
 * A snapshot belongs to the Pico it was taken of. Not in it: who listens, watches and debugs, and devices that a program of the host
 * has attached to rp2040js' peripherals.
 */
import { createHash } from 'node:crypto';
import type { TwoCoreMachine } from '../two-cores/machine.ts';
import { XipCache } from '../xip/cache.ts';
import { FlashCopies, type FlashCopy } from './flash-copies.ts';
import { captureGraph, type GraphPolicy, type GraphState, hashGraph } from './graph.ts';
import { machinePolicy } from './policy.ts';

/** The whole state of a Pico at one moment; opaque. `Pico.restore` goes back to it, as often as wanted. */
export interface Snapshot {
  /** Cycle in which it was taken. */
  readonly cycle: number;
  /** What it takes of the host's memory, about. */
  readonly bytes: number;
}

interface MachineSnapshot extends Snapshot {
  readonly machine: TwoCoreMachine;
  readonly graph: GraphState;
  readonly flash: FlashCopy;
  readonly codePages: Uint8Array;
}

/** Takes and restores snapshots of one machine and what hangs on it. */
export class Snapshots {
  readonly machine: TwoCoreMachine;
  private readonly roots: readonly object[];
  private readonly policy: GraphPolicy;
  private readonly flash: FlashCopies;

  /** @param ports what of the Pico goes back in time with the machine */
  constructor(machine: TwoCoreMachine, ports: readonly object[]) {
    const { flash } = machine.rp2040;
    this.machine = machine;
    this.roots = [machine, ...machine.hiddenState, ...ports];
    this.policy = machinePolicy(new Set([flash.buffer]));
    this.flash = new FlashCopies(flash);
  }

  take(): Snapshot {
    const graph = captureGraph(this.roots, this.policy);
    const flash = this.flash.take();
    const { machine } = this;
    const bytes = graph.bytes + graph.objects * OBJECT_BYTES;
    const codePages = machine.chip.code.copyPages();
    const snapshot: MachineSnapshot = { cycle: machine.cycles, bytes, machine, graph, flash, codePages };
    return snapshot;
  }

  /** The machine must be the one that the snapshot was taken of. */
  restore(snapshot: Snapshot): void {
    const { graph, flash, codePages } = snapshot as MachineSnapshot;
    const cache = this.machine.chip.xip;
    if (cache instanceof XipCache) cache.forgetResident();
    graph.restore();
    if (cache instanceof XipCache) cache.restoreResident();
    this.flash.putBack(flash);
    this.machine.chip.code.restorePages(codePages);
  }

  /** Equal for equal states of Picos that have done the same, whatever happened between. */
  hash(): string {
    const hash = createHash('sha256');
    this.flash.hashInto(hash);
    return hashGraph(this.roots, this.policy, hash);
  }
}

/** Rough size of an object's entry. */
const OBJECT_BYTES = 200;

/** The machine that a snapshot was taken of. */
export const machineOf = (snapshot: Snapshot): TwoCoreMachine => (snapshot as MachineSnapshot).machine;
