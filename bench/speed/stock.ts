/**
 * rp2040js 1.4.1 as it is shipped, telling a story on our firmware: the yardstick for the speed of our cores. It is given
 * what its own demo gives a program: flash contents, a start at the vector table, and its clock ticked after each instruction.
 */
import { ConsoleLogger, LogLevel, RP2040 } from 'rp2040js';
import type { Program } from '../../emulator/index.ts';

const VECTOR_TABLE = 0x10000100;
const FLASH_BASE = 0x10000000;
/** SIO registers of the FIFO between the cores (RP2040 datasheet 2.3.1.7). */
const FIFO_ST = 0x50;
const FIFO_WR = 0x54;
const FIFO_RD = 0x58;
const NANOS_PER_CYCLE = 1e9 / 125e6;

/** The stock simulation clock; its class is not among rp2040js' exports. */
interface TickingClock {
  readonly nanosToNextAlarm: number;
  tick(nanos: number): void;
}

export class StockPico {
  private readonly chip = new RP2040();
  private output = '';
  instructions = 0;

  constructor(programs: Program[], bootrom: Uint8Array) {
    const { chip } = this;
    chip.logger = new ConsoleLogger(LogLevel.Error, false);
    chip.logger.error = () => {};
    const rom = new Uint8Array((bootrom.length + 3) & ~3);
    rom.set(bootrom);
    chip.loadBootrom(new Uint32Array(rom.buffer));
    for (const { segments } of programs) {
      for (const { address, data } of segments) chip.flash.set(data, address - FLASH_BASE);
    }
    this.answerForMissingFifo();
    chip.core.VTOR = VECTOR_TABLE;
    chip.core.SP = chip.readUint32(VECTOR_TABLE);
    chip.core.PC = chip.readUint32(VECTOR_TABLE + 4) & ~1;
    chip.uart[0].onByte = (byte) => {
      this.output += String.fromCharCode(byte);
    };
  }

  get cycles(): number {
    return this.chip.core.cycles;
  }

  /** The stock SIO knows no FIFO and answers all ones, which says "full of words" and hangs a firmware that looks for core 1. */
  private answerForMissingFifo(): void {
    const { sio } = this.chip;
    const read = sio.readUint32.bind(sio);
    sio.readUint32 = (offset) => (offset === FIFO_ST || offset === FIFO_RD ? 0 : read(offset));
    const write = sio.writeUint32.bind(sio);
    sio.writeUint32 = (offset, value) => {
      if (offset !== FIFO_ST && offset !== FIFO_WR) write(offset, value);
    };
  }

  send(text: string): void {
    for (const byte of Buffer.from(text)) this.chip.uart[0].feedByte(byte);
  }

  /** Runs until the text appears in what comes out from now on. */
  runTo(text: string): void {
    const { chip } = this;
    this.output = '';
    while (!this.output.includes(text)) this.runSome(chip);
  }

  private runSome(chip: RP2040): void {
    const { core } = chip;
    const clock = chip.clock as unknown as TickingClock;
    for (let i = 0; i < 10_000; i++) {
      if (core.waiting) {
        clock.tick(clock.nanosToNextAlarm);
      } else {
        clock.tick(core.executeInstruction() * NANOS_PER_CYCLE);
        this.instructions++;
      }
    }
  }
}
