/**
 * Small system blocks: SYSCFG, SYSINFO, TBMAN. RP2040 datasheet 2.20, 2.21, 2.22.
 */
import type { RP2040 } from 'rp2040js';
import { RegisterBlock } from './block.ts';

const PROC0_NMI_MASK = 0x00;
const PROC1_NMI_MASK = 0x04;
const PROC_CONFIG = 0x08;
const PROC_IN_SYNC_BYPASS = 0x0c;
const PROC_IN_SYNC_BYPASS_HI = 0x10;
const DBGFORCE = 0x14;
const MEMPOWERDOWN = 0x18;
const PROC_CONFIG_RESET = 0x10000000;

export class SystemConfig extends RegisterBlock {
  private readonly nmiMasks = new Uint32Array(2);
  private procConfig = PROC_CONFIG_RESET;
  private syncBypass = 0;
  private syncBypassHigh = 0;
  private debugForce = 0x66;
  private memoryPowerDown = 0;
  onNmiMask: (core: 0 | 1, mask: number) => void;

  constructor(rp2040: RP2040) {
    super(rp2040, 'SYSCFG');
    this.onNmiMask = (core, mask) => {
      if (core === 0) rp2040.core.interruptNMIMask = mask;
    };
  }

  powerOn(): void {
    this.setMask(0, 0);
    this.setMask(1, 0);
    this.procConfig = PROC_CONFIG_RESET;
    this.syncBypass = 0;
    this.syncBypassHigh = 0;
    this.memoryPowerDown = 0;
  }

  private setMask(core: 0 | 1, mask: number): void {
    this.nmiMasks[core] = mask;
    this.onNmiMask(core, mask);
  }

  protected read(offset: number): number {
    switch (offset) {
      case PROC0_NMI_MASK:
        return this.nmiMasks[0];
      case PROC1_NMI_MASK:
        return this.nmiMasks[1];
      case PROC_CONFIG:
        return this.procConfig;
      case PROC_IN_SYNC_BYPASS:
        return this.syncBypass;
      case PROC_IN_SYNC_BYPASS_HI:
        return this.syncBypassHigh;
      case DBGFORCE:
        return this.debugForce;
      case MEMPOWERDOWN:
        return this.memoryPowerDown;
      default:
        return 0;
    }
  }

  protected write(offset: number, value: number): void {
    switch (offset) {
      case PROC0_NMI_MASK:
        this.setMask(0, value);
        break;
      case PROC1_NMI_MASK:
        this.setMask(1, value);
        break;
      case PROC_CONFIG:
        this.procConfig = (value & 0xff000000) >>> 0;
        break;
      case PROC_IN_SYNC_BYPASS:
        this.syncBypass = value & 0x3fffffff;
        break;
      case PROC_IN_SYNC_BYPASS_HI:
        this.syncBypassHigh = value & 0x3f;
        break;
      case DBGFORCE:
        this.debugForce = value & 0xff;
        break;
      case MEMPOWERDOWN:
        this.memoryPowerDown = value & 0xff;
        break;
    }
  }
}

const CHIP_ID = 0x00;
const PLATFORM = 0x04;
const GITREF = 0x40;
/** Manufacturer Raspberry Pi (0x927), part 2, revision 2 (B2), as read from silicon by rp2040js' authors. */
const CHIP_ID_VALUE = 0x20002927;
const PLATFORM_ASIC = 2;
const GITREF_VALUE = 0xe0c912e8;

export class SystemInfo extends RegisterBlock {
  protected read(offset: number): number {
    switch (offset) {
      case CHIP_ID:
        return CHIP_ID_VALUE;
      case PLATFORM:
        return PLATFORM_ASIC;
      case GITREF:
        return GITREF_VALUE;
      default:
        return 0;
    }
  }

  protected write(): void {}
}

const TBMAN_PLATFORM = 0x00;
const TBMAN_ASIC = 1;

export class TestbenchManager extends RegisterBlock {
  protected read(offset: number): number {
    return offset === TBMAN_PLATFORM ? TBMAN_ASIC : 0;
  }

  protected write(): void {}
}
