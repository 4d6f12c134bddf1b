/**
 * What our register blocks share: offsets without the alias bits, and silence about registers that do not exist
 * (reserved locations read as zero and ignore writes on the RP2040's APB).
 */
import { BasePeripheral, type RP2040 } from 'rp2040js';

const OFFSET_MASK = 0xfff;

/** Normal, XOR, SET and CLEAR views of a register. RP2040 datasheet 2.1.2. */
const XOR = 1;
const SET = 2;

export abstract class RegisterBlock extends BasePeripheral {
  protected readonly chip: RP2040;

  constructor(rp2040: RP2040, name: string) {
    super(rp2040, name);
    this.chip = rp2040;
  }

  /** @param offset register offset inside the block, without alias bits. Returns an unsigned 32-bit value. */
  protected abstract read(offset: number): number;

  /**
   * @param value unsigned value after the alias operation
   * @param written the word on the bus, for registers whose written bits act by themselves (write-one-to-clear)
   */
  protected abstract write(offset: number, value: number, written: number): void;

  /** Value an atomic alias starts from; overridden where a read has side effects. */
  protected peek(offset: number): number {
    return this.read(offset);
  }

  override readUint32(offset: number): number {
    return this.read(offset & OFFSET_MASK) >>> 0;
  }

  override writeUint32(offset: number, value: number): void {
    this.write(offset & OFFSET_MASK, value >>> 0, value >>> 0);
  }

  override writeUint32Atomic(offset: number, value: number, atomicType: number): void {
    const register = offset & OFFSET_MASK;
    const written = value >>> 0;
    this.rawWriteValue = written;
    if (atomicType === 0) {
      this.write(register, written, written);
      return;
    }
    const old = this.peek(register);
    const combined = atomicType === XOR ? old ^ value : atomicType === SET ? old | value : old & ~value;
    this.write(register, combined >>> 0, written);
  }
}
