/**
 * FIFO joining for rp2040js' PIO: with FJOIN_TX or FJOIN_RX one direction has all eight words and the other none, and any change of the two
 * bits empties both FIFOs (the SDK's `pio_sm_clear_fifos` relies on it). RP2040 datasheet 3.5.6.
 */
import { FIFO, type StateMachine } from 'rp2040js';

/** SMn_SHIFTCTRL, relative to the machine's registers. */
const SHIFTCTRL = 0x8;
const FJOIN_TX = 1 << 30;
const FJOIN_RX = 0x80000000;
const DEPTH = 4;

/** The parts of a state machine that rp2040js keeps to itself. */
interface Fifos {
  shiftCtrl: number;
  txFIFO: FIFO;
  rxFIFO: FIFO;
  updateDMATx(): void;
  updateDMARx(): void;
}

export function joinPioFifos(machine: StateMachine): void {
  const fifos = machine as unknown as Fifos;
  const write = machine.writeUint32.bind(machine);
  machine.writeUint32 = (offset, value) => {
    const before = fifos.shiftCtrl;
    write(offset, value);
    if (offset !== SHIFTCTRL || ((before ^ value) & (FJOIN_TX | FJOIN_RX)) === 0) return;
    fifos.txFIFO = new FIFO(depth(value, FJOIN_TX, FJOIN_RX));
    fifos.rxFIFO = new FIFO(depth(value, FJOIN_RX, FJOIN_TX));
    fifos.updateDMATx();
    fifos.updateDMARx();
  };
}

function depth(shiftCtrl: number, own: number, other: number): number {
  if (shiftCtrl & own) return 2 * DEPTH;
  return shiftCtrl & other ? 0 : DEPTH;
}
