/**
 * Where instructions can be fetched from, and their decoded form. Both cores share one cache. A store to a page
 * that holds decoded instructions, a change of the flash image or a breakpoint makes the entries undecoded again.
 */
import { SRAM_BASE, SRAM_BYTES, STRIPED_BYTES, stripedOffset, UNSTRIPED_BASE } from '../bus/slaves.ts';
import { decode, Op, QUIET } from './decode.ts';

export const REGION_ROM = 0;
export const REGION_XIP = 1;
export const REGION_SRAM = 2;
export const REGION_UNSTRIPED = 3;
/** Nothing to execute: the next dispatch faults. */
export const REGION_NONE = 4;
export type RegionKind = 0 | 1 | 2 | 3 | 4;

/** Granule of the store checks, in bytes. */
export const PAGE_SHIFT = 8;
export const PAGE_CODE = 1;
export const PAGE_WATCHED = 2;
export const PAGE_UNSTRIPED_CODE = 4;

export interface CodeRegion {
  kind: RegionKind;
  /** Decoded word of each halfword; 0 is not decoded yet. */
  decoded: Int32Array;
  /** Halfwords of the region. */
  length: number;
}

const NOWHERE: CodeRegion = { kind: REGION_NONE, decoded: new Int32Array(4), length: 0 };

export class CodeCache {
  /** One byte per 256 bytes of SRAM: a store there needs more than the store itself. */
  readonly sramPages = new Uint8Array(SRAM_BYTES >> PAGE_SHIFT);
  readonly rom: CodeRegion;
  readonly xip: CodeRegion;
  readonly sram: CodeRegion;
  private unstriped: CodeRegion | undefined;
  private readonly rom16: Uint16Array;
  private readonly flash16: Uint16Array;
  private readonly sram16: Uint16Array;
  private readonly breakpoints = new Set<number>();

  constructor(rom16: Uint16Array, flash16: Uint16Array, sram16: Uint16Array) {
    this.rom16 = rom16;
    this.flash16 = flash16;
    this.sram16 = sram16;
    this.rom = { kind: REGION_ROM, decoded: new Int32Array(rom16.length), length: rom16.length };
    this.xip = { kind: REGION_XIP, decoded: new Int32Array(flash16.length), length: flash16.length };
    this.sram = { kind: REGION_SRAM, decoded: new Int32Array(sram16.length), length: sram16.length };
  }

  /** The region an address executes from; its first address is `regionBase`. */
  regionAt(address: number): CodeRegion {
    const a = address >>> 0;
    if (a < this.rom.length * 2) return this.rom;
    if (a >>> 26 === 0x10000000 >>> 26) return this.xip;
    if (a >= SRAM_BASE && a < SRAM_BASE + SRAM_BYTES) return this.sram;
    if (a >= UNSTRIPED_BASE && a < UNSTRIPED_BASE + STRIPED_BYTES) {
      this.unstriped ??= {
        kind: REGION_UNSTRIPED,
        decoded: new Int32Array(STRIPED_BYTES / 2),
        length: STRIPED_BYTES / 2,
      };
      return this.unstriped;
    }
    return NOWHERE;
  }

  /** First address of the region (of the flash alias) that `address` lies in. */
  regionBase(region: CodeRegion, address: number): number {
    switch (region.kind) {
      case REGION_ROM:
        return 0;
      case REGION_XIP:
        return address & 0xff000000;
      case REGION_SRAM:
        return SRAM_BASE;
      case REGION_UNSTRIPED:
        return UNSTRIPED_BASE;
      default:
        return address & ~1;
    }
  }

  halfword(region: CodeRegion, index: number): number {
    switch (region.kind) {
      case REGION_ROM:
        return this.rom16[index];
      case REGION_XIP:
        return this.flash16[index];
      case REGION_SRAM:
        return this.sram16[index];
      case REGION_UNSTRIPED:
        return this.sram16[stripedOffset(index << 1) >> 1];
      default:
        return 0;
    }
  }

  /** Decodes one instruction and keeps it. `index` is inside the region. */
  decodeAt(region: CodeRegion, index: number): number {
    const first = this.halfword(region, index);
    const second = index + 1 < region.length ? this.halfword(region, index + 1) : 0;
    let decoded = decode(first, second, (index & 1) === 0);
    if (this.breakpoints.has(physical(region, index))) decoded = (decoded & ~(0xff | QUIET)) | Op.breakpoint;
    region.decoded[index] = decoded;
    this.markPages(region, index);
    return decoded;
  }

  /** SRAM bytes [offset, offset + size) were stored to. */
  sramStored(offset: number, size: number): void {
    const flags = this.sramPages[offset >> PAGE_SHIFT];
    const first = (offset >> 1) - 1;
    const last = (offset + size - 1) >> 1;
    if (flags & PAGE_CODE) this.sram.decoded.fill(0, Math.max(first, 0), last + 1);
    if (flags & PAGE_UNSTRIPED_CODE && this.unstriped) {
      for (let at = Math.max(first, 0); at <= last; at++) {
        const index = unstripedIndex(at);
        if (index >= 0) this.unstriped.decoded.fill(0, Math.max(index - 1, 0), index + 1);
      }
    }
  }

  /** Flash bytes [start, end) changed. */
  flashChanged(start: number, end: number): void {
    this.xip.decoded.fill(0, Math.max((start >> 1) - 1, 0), (end + 1) >> 1);
  }

  /** Everything may have changed. */
  forgetAll(): void {
    this.rom.decoded.fill(0);
    this.sram.decoded.fill(0);
    this.unstriped?.decoded.fill(0);
    this.forgetFlash();
    for (let page = 0; page < this.sramPages.length; page++) this.sramPages[page] &= PAGE_WATCHED;
  }

  /** Which pages of SRAM stores look at closely, for `restorePages`. */
  copyPages(): Uint8Array {
    return this.sramPages.slice();
  }

  /** Everything is forgotten, but stores take the same ways as when the copy was made. */
  restorePages(pages: Uint8Array): void {
    this.forgetAll();
    for (let page = 0; page < pages.length; page++)
      this.sramPages[page] |= pages[page] & (PAGE_CODE | PAGE_UNSTRIPED_CODE);
  }

  addBreakpoint(address: number): void {
    this.breakpoints.add(canonical(address));
    this.forgetAround(address);
  }

  removeBreakpoint(address: number): void {
    this.breakpoints.delete(canonical(address));
    this.forgetAround(address);
  }

  private forgetAround(address: number): void {
    const region = this.regionAt(address);
    if (region.kind === REGION_NONE) return;
    region.decoded[(address - this.regionBase(region, address)) >>> 1] = 0;
  }

  /** Flash is large and mostly never executed: only blocks that were decoded are cleared. */
  private forgetFlash(): void {
    const { decoded } = this.xip;
    for (const block of this.flashBlocks)
      decoded.fill(0, block << FLASH_BLOCK_SHIFT, (block + 1) << FLASH_BLOCK_SHIFT);
    this.flashBlocks.clear();
  }

  private readonly flashBlocks = new Set<number>();

  private markPages(region: CodeRegion, index: number): void {
    if (region.kind === REGION_XIP) {
      this.flashBlocks.add(index >> FLASH_BLOCK_SHIFT);
      return;
    }
    if (region.kind !== REGION_SRAM && region.kind !== REGION_UNSTRIPED) return;
    const flag = region.kind === REGION_SRAM ? PAGE_CODE : PAGE_UNSTRIPED_CODE;
    for (const at of [index, index + 1]) {
      const offset = region.kind === REGION_SRAM ? at << 1 : stripedOffset(at << 1);
      if (offset < SRAM_BYTES) this.sramPages[offset >> PAGE_SHIFT] |= flag;
    }
  }
}

const FLASH_BLOCK_SHIFT = 12;

/** Halfword index in the unstriped view of a halfword index in SRAM; -1 for SRAM4 and SRAM5. */
function unstripedIndex(index: number): number {
  const offset = index << 1;
  if (offset >= STRIPED_BYTES) return -1;
  const bank = (offset >> 2) & 3;
  return ((bank << 16) | ((offset >> 2) & 0xfffc) | (offset & 3)) >> 1;
}

function physical(region: CodeRegion, index: number): number {
  switch (region.kind) {
    case REGION_XIP:
      return (0x10000000 + index * 2) >>> 0;
    case REGION_SRAM:
      return (SRAM_BASE + index * 2) >>> 0;
    case REGION_UNSTRIPED:
      return (UNSTRIPED_BASE + index * 2) >>> 0;
    default:
      return index * 2;
  }
}

/** The four flash aliases are one place to a breakpoint. */
function canonical(address: number): number {
  const a = (address & ~1) >>> 0;
  return a >>> 26 === 0x10000000 >>> 26 ? ((a & 0xffffff) | 0x10000000) >>> 0 : a;
}
