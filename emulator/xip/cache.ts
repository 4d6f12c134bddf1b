/**
 * The XIP cache as a matter of time: which flash words are resident, what a miss costs, who waits for whom. RP2040 datasheet 2.6.3.
 *
 * 16 KB, two ways, 1024 sets of 8-byte lines; the two words of a line are valid separately, and a miss fetches one word
 * (PF 307). Data is not kept: a read always gives the flash array's present contents, so a program that forgets to flush after
 * programming sees new data where hardware may show old.
 *
 * Aliases: 0x10 looks up and fills, 0x11 looks up only, 0x12 fills only, 0x13 does neither.
 *
 * Chosen where no document says: a miss evicts an empty way first, then by `replacement`; the default is least recently used.
 */
import type { XipPort } from '../bus/xip-port.ts';
import type { Ssi } from '../flash/ssi.ts';
import { memoryTiming } from '../timing/memory-rules.ts';
import type { XipStream } from './stream.ts';

export const CACHE_BYTES = 16 * 1024;
const SETS = 1024;
const WAYS = 2;
const FLASH_WORDS = 0x400000;
const TAG_SHIFT = 13;
/** Stands in for the SSI's cost while it is not set up for XIP, when the problem is not made a fault: 03h at divider 4. */
const UNCONFIGURED_CYCLES = 256;

export type Replacement = 'lru' | 'round-robin' | 'random';

export class XipCache implements XipPort {
  readonly resident = new Uint8Array(FLASH_WORDS);
  readonly lastWay = new Uint8Array(SETS).fill(1);
  fastHits = 0;
  /** The cache memory, while it is disabled and serves as SRAM at 0x15000000. */
  private readonly memory = new Uint8Array(CACHE_BYTES);
  /** Why the flash could not serve the last miss, where hardware returns garbage or hangs; whoever reports it clears it. */
  problem: string | undefined;
  replacement: Replacement;

  /** XIP_CTRL.POWER_DOWN: the memory keeps its contents and cannot be reached. */
  poweredDown = false;
  private enabled = true;
  private readonly tags = new Uint16Array(SETS * WAYS);
  /** Bit 0: lower word valid; bit 1: upper word. */
  private readonly valid = new Uint8Array(SETS * WAYS);
  private readonly nextVictim = new Uint8Array(SETS);
  private random = 0x9e3779b9;
  private accesses = 0;
  private hits = 0;
  private flushEnd = 0;
  /** First cycle in which the SSI takes another read. */
  private freeAt = 0;
  private readonly ssi: Ssi;
  private readonly stream: XipStream;

  constructor(ssi: Ssi, stream: XipStream, replacement: Replacement = 'lru') {
    this.ssi = ssi;
    this.stream = stream;
    this.replacement = replacement;
  }

  /** Null while the cache is enabled or its memory is powered down. */
  get sram(): Uint8Array | null {
    return this.enabled || this.poweredDown ? null : this.memory;
  }

  get isEnabled(): boolean {
    return this.enabled;
  }

  /** XIP_CTRL.EN. Both directions drop every line. */
  setEnabled(enabled: boolean): void {
    if (enabled === this.enabled) return;
    this.enabled = enabled;
    this.invalidateAll();
  }

  /** Starts a flush at `cycle`; accesses and reads of FLUSH wait for its end. */
  flush(cycle: number): void {
    this.invalidateAll();
    this.flushEnd = cycle + memoryTiming.xipFlush;
  }

  /** Cycle in which the flush under way, if any, is done. */
  get flushEndCycle(): number {
    return this.flushEnd;
  }

  powerOn(): void {
    this.enabled = true;
    this.poweredDown = false;
    this.invalidateAll();
    this.lastWay.fill(1);
    this.clearHits();
    this.clearAccesses();
    this.flushEnd = 0;
    this.freeAt = 0;
  }

  get hitCount(): number {
    return this.hits + this.fastHits;
  }

  get accessCount(): number {
    return this.accesses + this.fastHits;
  }

  clearHits(): void {
    this.accesses += this.fastHits;
    this.fastHits = 0;
    this.hits = 0;
  }

  clearAccesses(): void {
    this.hits += this.fastHits;
    this.fastHits = 0;
    this.accesses = 0;
  }

  access(address: number, cycle: number): number {
    const alias = (address >>> 24) & 3;
    this.accesses++;
    let wait = Math.max(0, this.flushEnd - cycle);
    if (this.enabled && alias < 2) {
      const way = this.lookup(address);
      if (way >= 0) {
        this.hits++;
        this.lastWay[setOf(address)] = way + 1;
        return wait;
      }
    }
    this.problem = this.ssi.xipCheck(address);
    const overhead = alias === 3 ? memoryTiming.xipBypassOverhead : memoryTiming.xipOverhead;
    wait = this.fetch(cycle + wait, overhead) - cycle;
    if (this.enabled && (alias === 0 || alias === 2)) this.fill(address);
    return wait;
  }

  /** Returns the cycle in which the word has arrived, for a miss that reaches the SSI at `cycle`. */
  private fetch(cycle: number, overhead: number): number {
    const cost = (this.ssi.cyclesPerWord || UNCONFIGURED_CYCLES) + overhead;
    this.freeAt = this.stream.serveMiss(Math.max(cycle, this.freeAt), cost);
    return this.freeAt;
  }

  /** A store drops the word's line when it uses the caching alias; otherwise it is ignored. */
  write(address: number, _cycle: number): number {
    if (((address >>> 24) & 3) === 0) {
      const way = this.matchingWay(address);
      if (way >= 0) this.drop(setOf(address), way);
    }
    return memoryTiming.xipWriteStore;
  }

  /** Way that holds the word, or -1. */
  private lookup(address: number): number {
    return this.resident[(address & 0xffffff) >>> 2] - 1;
  }

  /** Way whose tag matches, whatever words of it are valid, or -1. */
  private matchingWay(address: number): number {
    const tag = tagOf(address);
    const line = setOf(address) * WAYS;
    if (this.valid[line] && this.tags[line] === tag) return 0;
    return this.valid[line + 1] && this.tags[line + 1] === tag ? 1 : -1;
  }

  private fill(address: number): void {
    const set = setOf(address);
    let way = this.matchingWay(address);
    if (way < 0) {
      way = this.victim(set);
      this.drop(set, way);
      this.tags[set * WAYS + way] = tagOf(address);
    }
    this.valid[set * WAYS + way] |= 1 << ((address >>> 2) & 1);
    this.resident[(address & 0xffffff) >>> 2] = way + 1;
    this.lastWay[set] = way + 1;
  }

  private victim(set: number): number {
    const line = set * WAYS;
    if (!this.valid[line]) return 0;
    if (!this.valid[line + 1]) return 1;
    switch (this.replacement) {
      case 'lru':
        return 2 - this.lastWay[set];
      case 'round-robin':
        this.nextVictim[set] ^= 1;
        return this.nextVictim[set] ^ 1;
      case 'random':
        this.random = (Math.imul(this.random, 1664525) + 1013904223) | 0;
        return this.random >>> 31;
    }
  }

  private drop(set: number, way: number): void {
    const line = set * WAYS + way;
    if (!this.valid[line]) return;
    const word = ((this.tags[line] << TAG_SHIFT) | (set << 3)) >>> 2;
    this.resident[word] = 0;
    this.resident[word + 1] = 0;
    this.valid[line] = 0;
  }

  /** `resident` follows from tags and valid bits; it is emptied before these change otherwise than by accesses, ... */
  forgetResident(): void {
    this.setResident((line) => this.valid[line] !== 0, 0);
  }

  /** ... and filled again afterwards. */
  restoreResident(): void {
    this.setResident((line, word) => (this.valid[line] & (1 << word)) !== 0);
  }

  private setResident(applies: (line: number, word: number) => boolean, value?: number): void {
    for (let line = 0; line < SETS * WAYS; line++) {
      const first = ((this.tags[line] << TAG_SHIFT) | ((line >> 1) << 3)) >>> 2;
      for (const word of [0, 1])
        if (applies(line, word)) this.resident[first + word] = value ?? (line & 1) + 1;
    }
  }

  private invalidateAll(): void {
    for (let set = 0; set < SETS; set++) {
      this.drop(set, 0);
      this.drop(set, 1);
    }
  }
}

function setOf(address: number): number {
  return (address >>> 3) & (SETS - 1);
}

function tagOf(address: number): number {
  return (address & 0xffffff) >>> TAG_SHIFT;
}
