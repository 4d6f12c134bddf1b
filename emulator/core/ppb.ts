/**
 * The private peripherals of one core: NVIC, SysTick, system control block and MPU registers
 * (ARMv6-M ARM B3, RP2040 datasheet 2.4.8). Offsets are from 0xe000e000.
 */
import type { Core } from './core.ts';
import { EXC_NMI, EXC_PENDSV, EXC_SVC, EXC_SYSTICK, FIRST_IRQ } from './nvic.ts';

const ISER = 0x100;
const ICER = 0x180;
const ISPR = 0x200;
const ICPR = 0x280;
const IPR0 = 0x400;
const IPR7 = 0x41c;
const CPUID = 0xd00;
const ICSR = 0xd04;
const VTOR = 0xd08;
const AIRCR = 0xd0c;
const SCR = 0xd10;
const CCR = 0xd14;
const SHPR2 = 0xd1c;
const SHPR3 = 0xd20;
const SHCSR = 0xd24;
const MPU_TYPE = 0xd90;
const MPU_CTRL = 0xd94;
const MPU_RNR = 0xd98;
const MPU_RBAR = 0xd9c;
const MPU_RASR = 0xda0;

/** Cortex-M0+ r0p1. */
const CPUID_VALUE = 0x410cc601;
/** UNALIGN_TRP and STKALIGN, both always one. */
const CCR_VALUE = 0x208;
const AIRCR_KEY = 0x05fa;
const AIRCR_READ = 0xfa050000;
const SYSRESETREQ = 4;
const MPU_REGIONS = 8;

const NMIPENDSET = 1 << 31;
const PENDSVSET = 1 << 28;
const PENDSVCLR = 1 << 27;
const PENDSTSET = 1 << 26;
const PENDSTCLR = 1 << 25;
const ISRPENDING = 1 << 22;

export class PrivatePeripherals {
  /** Called on each read of SYST_CVR by this core, with the absolute cycle of the read. */
  onCounterRead: ((cycle: number) => void) | undefined;
  /** AIRCR.SYSRESETREQ. */
  onResetRequest: (() => void) | undefined;
  private readonly core: Core;
  private mpuControl = 0;
  private mpuRegion = 0;
  private readonly mpuBase = new Uint32Array(MPU_REGIONS);
  private readonly mpuSize = new Uint32Array(MPU_REGIONS);

  constructor(core: Core) {
    this.core = core;
  }

  read(offset: number): number {
    const { core } = this;
    const { nvic, sysTick } = core;
    if (sysTick.handles(offset)) {
      if (sysTick.isCounter(offset)) this.onCounterRead?.(core.cycle);
      return sysTick.read(offset);
    }
    if (offset >= IPR0 && offset <= IPR7) return this.priorities(FIRST_IRQ + (offset - IPR0));
    switch (offset) {
      case ISER:
      case ICER:
        return nvic.enabled >>> 0;
      case ISPR:
      case ICPR:
        return nvic.pendingInterrupts >>> 0;
      case CPUID:
        return CPUID_VALUE;
      case ICSR:
        return this.interruptState();
      case VTOR:
        return core.vtor >>> 0;
      case AIRCR:
        return AIRCR_READ;
      case SCR:
        return core.scr;
      case CCR:
        return CCR_VALUE;
      case SHPR2:
        return (nvic.priority[EXC_SVC] << 30) >>> 0;
      case SHPR3:
        return ((nvic.priority[EXC_SYSTICK] << 30) | (nvic.priority[EXC_PENDSV] << 22)) >>> 0;
      case SHCSR:
        return nvic.isPending(EXC_SVC) ? 1 << 15 : 0;
      case MPU_TYPE:
        return MPU_REGIONS << 8;
      case MPU_CTRL:
        return this.mpuControl;
      case MPU_RNR:
        return this.mpuRegion;
      case MPU_RBAR:
        return this.mpuBase[this.mpuRegion] | this.mpuRegion;
      case MPU_RASR:
        return this.mpuSize[this.mpuRegion];
      default:
        return 0;
    }
  }

  write(offset: number, value: number): void {
    const { core } = this;
    const { nvic, sysTick } = core;
    if (sysTick.handles(offset)) {
      sysTick.write(offset, value);
      return;
    }
    if (offset >= IPR0 && offset <= IPR7) {
      this.setPriorities(FIRST_IRQ + (offset - IPR0), value);
      return;
    }
    switch (offset) {
      case ISER:
        nvic.enabled |= value;
        break;
      case ICER:
        nvic.enabled &= ~value;
        break;
      case ISPR:
        nvic.setPendingBits(value);
        core.interruptPended();
        return;
      case ICPR:
        nvic.clearPendingBits(value);
        break;
      case ICSR:
        this.setInterruptState(value);
        break;
      case VTOR:
        core.vtor = value & ~0xff;
        break;
      case AIRCR:
        if (value >>> 16 === AIRCR_KEY && value & SYSRESETREQ) this.onResetRequest?.();
        break;
      case SCR:
        core.scr = value & 0x16;
        break;
      case SHPR2:
        nvic.priority[EXC_SVC] = value >>> 30;
        break;
      case SHPR3:
        nvic.priority[EXC_SYSTICK] = value >>> 30;
        nvic.priority[EXC_PENDSV] = (value >>> 22) & 3;
        break;
      case SHCSR:
        if (value & (1 << 15)) nvic.setPending(EXC_SVC);
        else nvic.clearPending(EXC_SVC);
        break;
      default:
        this.writeMpu(offset, value);
        return;
    }
    core.pendingChanged();
  }

  /** MPU registers keep what is written; no access is checked against them. */
  private writeMpu(offset: number, value: number): void {
    switch (offset) {
      case MPU_CTRL:
        this.mpuControl = value & 7;
        break;
      case MPU_RNR:
        this.mpuRegion = value & (MPU_REGIONS - 1);
        break;
      case MPU_RBAR:
        if (value & 16) this.mpuRegion = value & (MPU_REGIONS - 1);
        this.mpuBase[this.mpuRegion] = value & ~0xff;
        break;
      case MPU_RASR:
        this.mpuSize[this.mpuRegion] = value;
        break;
    }
  }

  private interruptState(): number {
    const { nvic, ipsr } = this.core;
    return (
      ((nvic.isPending(EXC_NMI) ? NMIPENDSET : 0) |
        (nvic.isPending(EXC_PENDSV) ? PENDSVSET : 0) |
        (nvic.isPending(EXC_SYSTICK) ? PENDSTSET : 0) |
        (nvic.pendingInterrupts !== 0 ? ISRPENDING : 0) |
        (nvic.next << 12) |
        ipsr) >>>
      0
    );
  }

  private setInterruptState(value: number): void {
    const { nvic } = this.core;
    if (value & NMIPENDSET) nvic.setPending(EXC_NMI);
    if (value & PENDSVSET) nvic.setPending(EXC_PENDSV);
    if (value & PENDSVCLR) nvic.clearPending(EXC_PENDSV);
    if (value & PENDSTSET) nvic.setPending(EXC_SYSTICK);
    if (value & PENDSTCLR) nvic.clearPending(EXC_SYSTICK);
  }

  private priorities(firstException: number): number {
    const { priority } = this.core.nvic;
    let word = 0;
    for (let byte = 0; byte < 4; byte++) word |= priority[firstException + byte] << (8 * byte + 6);
    return word >>> 0;
  }

  private setPriorities(firstException: number, value: number): void {
    const { priority } = this.core.nvic;
    for (let byte = 0; byte < 4; byte++) priority[firstException + byte] = (value >>> (8 * byte + 6)) & 3;
  }
}
