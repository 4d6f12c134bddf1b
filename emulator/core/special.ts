/**
 * Instructions that are rare or reach beyond the register file: MRS, MSR, barriers, CPS, hints, SVC, BKPT, and
 * encodings that do not exist. Time and position are the core's own fields here, not the interpreter's locals.
 */
import { timing } from '../timing/table.ts';
import { type Core, NEVER } from './core.ts';
import { immediateOf, Op } from './decode.ts';
import { hex, raiseFault } from './fault.ts';
import { EXC_SVC } from './nvic.ts';
import { sleep } from './sequence.ts';

const SYSM_MSP = 8;
const SYSM_PSP = 9;
const SYSM_PRIMASK = 16;
const SYSM_CONTROL = 20;

/** Executes the instruction at `core.index`. */
export function executeSpecial(core: Core, decoded: number): void {
  switch (decoded & 0xff) {
    case Op.breakpoint:
      core.limit = -NEVER;
      core.host.breakpointHit(core);
      return;
    case Op.bkpt:
      breakpointInstruction(core, immediateOf(decoded));
      return;
    case Op.svc:
      supervisorCall(core);
      return;
    case Op.cps:
      passed(core, 1, timing.alu);
      if (core.privileged) setPrimask(core, immediateOf(decoded));
      return;
    case Op.sev:
      passed(core, 1, timing.alu);
      core.host.sendEvent(core);
      return;
    case Op.wfe:
      passed(core, 1, timing.sleepInstruction);
      if (core.event) core.event = 0;
      else sleep(core, true);
      return;
    case Op.wfi:
      passed(core, 1, timing.sleepInstruction);
      sleep(core, false);
      return;
    case Op.mrs:
      core.registers[(decoded >> 11) & 15] = readSpecial(core, immediateOf(decoded));
      passed(core, 2, timing.special);
      return;
    case Op.msr:
      passed(core, 2, timing.special);
      writeSpecial(core, immediateOf(decoded), core.registers[(decoded >> 15) & 15]);
      return;
    case Op.barrier:
      passed(core, 2, timing.special);
      return;
    default:
      raiseFault(
        core,
        'undefined-instruction',
        `The instruction at ${hex(core.pc)} does not exist on a Cortex-M0+`,
        core.pc,
      );
  }
}

function passed(core: Core, halfwords: number, cycles: number): void {
  core.index += halfwords;
  core.time += cycles;
}

/** SVC is pending at once; when its priority cannot interrupt, it is a fault. */
function supervisorCall(core: Core): void {
  if (core.nvic.priorityOf(EXC_SVC) >= core.executionPriority) {
    raiseFault(core, 'svc-blocked', `SVC at ${hex(core.pc)} while its exception cannot be taken`, core.pc);
    return;
  }
  passed(core, 1, timing.svc);
  core.nvic.setPending(EXC_SVC);
  core.callAttention();
}

function breakpointInstruction(core: Core, value: number): void {
  if (core.host.breakInstruction(core, value)) {
    core.limit = -NEVER;
    return;
  }
  raiseFault(core, 'breakpoint-instruction', `BKPT ${value} without a debugger, at ${hex(core.pc)}`, core.pc);
}

/** The stack guard: the stack pointer would go below the lowest address it may have. */
export function stackOverflow(core: Core, sp: number): void {
  raiseFault(
    core,
    'stack-overflow',
    `The stack pointer went to ${hex(sp)}, below the end of the stack at ${hex(core.stackLimit)}`,
    sp >>> 0,
  );
}

function setPrimask(core: Core, value: number): void {
  core.primask = value;
  if (value === 0) core.pendingChanged();
}

/** CONTROL and the stack pointers of the core as MRS sees them; unprivileged code reads zero (ARMv6-M ARM B5.2.2). */
export function readSpecial(core: Core, register: number): number {
  if (register < 8) {
    const ipsr = register & 1 ? core.ipsr : 0;
    return (register & 4 ? 0 : core.apsr) | ipsr;
  }
  if (register === SYSM_CONTROL) return (core.processStack << 1) | core.unprivileged;
  if (!core.privileged) return 0;
  switch (register) {
    case SYSM_MSP:
      return core.msp;
    case SYSM_PSP:
      return core.psp;
    case SYSM_PRIMASK:
      return core.primask;
    default:
      return 0;
  }
}

export function writeSpecial(core: Core, register: number, value: number): void {
  if (register < 4) {
    core.apsr = value;
    return;
  }
  if (!core.privileged) return;
  switch (register) {
    case SYSM_MSP:
      core.msp = value;
      break;
    case SYSM_PSP:
      core.psp = value;
      break;
    case SYSM_PRIMASK:
      setPrimask(core, value & 1);
      break;
    case SYSM_CONTROL:
      core.unprivileged = value & 1;
      if (!core.handlerMode) core.setMode(0, (value >> 1) & 1);
      break;
  }
}
