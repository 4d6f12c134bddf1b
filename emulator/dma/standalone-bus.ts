/**
 * A bus for the DMA where nobody arbitrates: under the stock rp2040js core. Both masters get every cycle they ask for; time comes from
 * alarms, so accesses happen at the end of the instruction during which they fall.
 */
import type { RP2040 } from 'rp2040js';
import type { AccessSize, BusMaster, MasterBus } from '../bus/master.ts';
import { SLAVE_APB, SLAVE_NONE, slaveOf } from '../bus/slaves.ts';

/** Wait states of the APB bridge. Datasheet 2.1.3. */
const APB_READ_WAIT = 2;
const APB_WRITE_WAIT = 3;

export class StandaloneBus implements MasterBus {
  dataCycle = 0;
  failed = false;
  private readonly chip: RP2040;
  private readonly now: () => number;
  private masters: readonly BusMaster[] = [];
  private readonly alarm: { schedule(deltaNanos: number): void; cancel(): void };
  private scheduledFor = Number.POSITIVE_INFINITY;
  private running = false;

  constructor(chip: RP2040, now: () => number) {
    this.chip = chip;
    this.now = now;
    this.alarm = chip.clock.createAlarm(() => this.run());
  }

  serve(masters: readonly BusMaster[]): void {
    this.masters = masters;
  }

  read(address: number, size: AccessSize, cycle: number): number {
    const slave = slaveOf(address);
    this.failed = slave === SLAVE_NONE;
    this.dataCycle = cycle + 1 + (slave === SLAVE_APB ? APB_READ_WAIT : 0);
    if (this.failed) return 0;
    if (size === 4) return this.chip.readUint32(address) >>> 0;
    return size === 2 ? this.chip.readUint16(address) : this.chip.readUint8(address);
  }

  write(address: number, value: number, size: AccessSize, cycle: number): void {
    const slave = slaveOf(address);
    this.failed = slave === SLAVE_NONE;
    this.dataCycle = cycle + 1 + (slave === SLAVE_APB ? APB_WRITE_WAIT : 0);
    if (this.failed) return;
    if (size === 4) this.chip.writeUint32(address, value);
    else if (size === 2) this.chip.writeUint16(address, value);
    else this.chip.writeUint8(address, value);
  }

  requestChanged(): void {
    if (this.running) return;
    const next = this.next();
    const cycle = next ? next.requestCycle : Number.POSITIVE_INFINITY;
    if (cycle === this.scheduledFor) return;
    this.scheduledFor = cycle;
    this.alarm.cancel();
    if (next) this.alarm.schedule((Math.max(0, cycle - this.now()) * 1e9) / this.chip.clkSys);
  }

  /** The master with the earliest request; the write side first in the same cycle. */
  private next(): BusMaster | undefined {
    let first: BusMaster | undefined;
    for (const master of this.masters) {
      if (
        master.requestCycle < Number.POSITIVE_INFINITY &&
        (!first || master.requestCycle <= first.requestCycle)
      ) {
        first = master;
      }
    }
    return first;
  }

  private run(): void {
    this.running = true;
    this.scheduledFor = Number.POSITIVE_INFINITY;
    const until = this.now();
    for (let master = this.next(); master && master.requestCycle <= until; master = this.next()) {
      master.commit(master.requestCycle);
    }
    this.running = false;
    this.requestChanged();
  }
}
