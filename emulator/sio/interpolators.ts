/** Register access to one of the two interpolators of a core (datasheet 2.3.1.6); the arithmetic is rp2040js'. */
import type { RP2040 } from 'rp2040js';

/** rp2040js' Interpolator, which it does not export by name. */
export type Interpolator = RP2040['sio']['interp0'];

const ACCUM0 = 0x00;
const ACCUM1 = 0x04;
const BASE0 = 0x08;
const BASE1 = 0x0c;
const BASE2 = 0x10;
const POP_LANE0 = 0x14;
const POP_LANE1 = 0x18;
const POP_FULL = 0x1c;
const PEEK_LANE0 = 0x20;
const PEEK_LANE1 = 0x24;
const PEEK_FULL = 0x28;
const CTRL_LANE0 = 0x2c;
const CTRL_LANE1 = 0x30;
const ACCUM0_ADD = 0x34;
const ACCUM1_ADD = 0x38;
const BASE_1AND0 = 0x3c;

/** @param offset from the first register of the interpolator */
export function readInterpolator(unit: Interpolator, offset: number): number {
  switch (offset) {
    case ACCUM0:
      return unit.accum0;
    case ACCUM1:
      return unit.accum1;
    case BASE0:
      return unit.base0;
    case BASE1:
      return unit.base1;
    case BASE2:
      return unit.base2;
    case POP_LANE0:
      return pop(unit, unit.result0);
    case POP_LANE1:
      return pop(unit, unit.result1);
    case POP_FULL:
      return pop(unit, unit.result2);
    case PEEK_LANE0:
      return unit.result0;
    case PEEK_LANE1:
      return unit.result1;
    case PEEK_FULL:
      return unit.result2;
    case CTRL_LANE0:
      return unit.ctrl0;
    case CTRL_LANE1:
      return unit.ctrl1;
    case ACCUM0_ADD:
      return unit.smresult0;
    case ACCUM1_ADD:
      return unit.smresult1;
    default:
      return 0;
  }
}

export function writeInterpolator(unit: Interpolator, offset: number, value: number): void {
  switch (offset) {
    case ACCUM0:
      unit.accum0 = value;
      break;
    case ACCUM1:
      unit.accum1 = value;
      break;
    case BASE0:
      unit.base0 = value;
      break;
    case BASE1:
      unit.base1 = value;
      break;
    case BASE2:
      unit.base2 = value;
      break;
    case CTRL_LANE0:
      unit.ctrl0 = value;
      break;
    case CTRL_LANE1:
      unit.ctrl1 = value;
      break;
    case ACCUM0_ADD:
      unit.accum0 = (unit.accum0 + value) >>> 0;
      break;
    case ACCUM1_ADD:
      unit.accum1 = (unit.accum1 + value) >>> 0;
      break;
    case BASE_1AND0:
      unit.setBase01(value);
      return;
    default:
      return;
  }
  unit.update();
}

function pop(unit: Interpolator, result: number): number {
  unit.writeback();
  return result;
}
