/** Which slave port a core's next bus access goes to, without doing it: needed to arbitrate requests of the same cycle. */
import type { CoreBus } from '../bus/core-bus.ts';
import { SLAVE_NONE, slaveOf } from '../bus/slaves.ts';
import type { CodeCache } from './code-cache.ts';
import { type Core, SEQ_BRANCH, SEQ_NONE, SEQ_VECTOR } from './core.ts';
import { Op } from './decode.ts';
import { firstAddress } from './multiple.ts';

export function pendingSlave(core: Core, bus: CoreBus, code: CodeCache): number {
  if (core.sequence !== SEQ_NONE) return sequenceSlave(core, bus);
  const { index, registers } = core;
  if ((index & 1) === 1 && core.fetched === 0) return fetchSlave(core, bus, index + 1);
  const decoded = core.region.decoded[index] || code.decodeAt(core.region, index);
  const op = decoded & 0xff;
  if (op >= Op.branch && op <= Op.bl) return fetchSlave(core, bus, index + 2 + (decoded >> 19));
  if (op < Op.ldrImm) return SLAVE_NONE;
  const base = registers[(decoded >> 15) & 15];
  switch (op) {
    case Op.ldrLit:
      return slaveOf((((core.pc + 4) & ~3) + (decoded >> 19)) >>> 0);
    case Op.ldrReg:
    case Op.ldrhReg:
    case Op.ldrbReg:
    case Op.ldrsb:
    case Op.ldrsh:
    case Op.strReg:
    case Op.strhReg:
    case Op.strbReg:
      return slaveOf((base + registers[(decoded >> 19) & 7]) >>> 0);
    case Op.ldm:
    case Op.stm:
    case Op.push:
    case Op.pop:
    case Op.popPc:
      return slaveOf((core.progress === 0 ? firstAddress(core, decoded) : core.transferAddress) >>> 0);
    default:
      return slaveOf((base + (decoded >> 19)) >>> 0);
  }
}

function sequenceSlave(core: Core, bus: CoreBus): number {
  if (core.sequence === SEQ_BRANCH) return fetchSlave(core, bus, core.index);
  if (core.sequence === SEQ_VECTOR) return slaveOf(core.vtor >>> 0);
  return slaveOf((core.seqAddress + 4 * core.seqStep) >>> 0);
}

function fetchSlave(core: Core, bus: CoreBus, index: number): number {
  const slave = bus.fetchSlave(core, index);
  return slave < 0 ? SLAVE_NONE : slave;
}
