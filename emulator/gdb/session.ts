/**
 * One debugger's conversation: packets in, replies out (GDB manual, appendix E). What is unknown gets the empty reply that
 * the protocol asks for, what is malformed an error; nothing that a packet says ends the session but GDB's own `k` and `D`.
 */
import type { CoreIndex } from '../machine.ts';
import { memoryMap, REGISTER_NAMES, TARGET_XML } from './description.ts';
import { fromHex, numberFromHex, toHex, wordFromHex, wordToHex } from './hex.ts';
import { monitor } from './monitor.ts';
import { PACKET_BYTES } from './packets.ts';
import type { DebugTarget, Stop, WatchKind } from './target.ts';

const OK = 'OK';
const UNKNOWN = '';
const MALFORMED = 'E16';
const NO_ACCESS = 'E0e';
const MAX_READ = (PACKET_BYTES - 16) >> 1;

const WATCH_KINDS: Record<string, WatchKind> = { '2': 'write', '3': 'read', '4': 'access' };

/** Signals as GDB numbers them. */
const SIGNALS: Record<string, string> = {
  'breakpoint-instruction': '05',
  'undefined-instruction': '04',
  'unaligned-access': '0a',
};
const SEGMENTATION = '0b';

export class Session {
  /** GDB no longer waits for `+`. */
  withoutAcknowledgements = false;
  /** GDB has gone, or wants to. */
  ended = false;
  private readonly target: DebugTarget;
  private core: CoreIndex = 0;
  private interruptWanted = false;
  private last = 'T05thread:01;';
  private readonly flashWrites: { address: number; data: Uint8Array }[] = [];

  constructor(target: DebugTarget) {
    this.target = target;
  }

  /** Ctrl-C: ends the `continue` that runs, or the next one. */
  interrupt(): void {
    this.interruptWanted = true;
  }

  /** The reply to a packet, in characters that are bytes; undefined when the packet takes none. */
  async handle(packet: Uint8Array): Promise<string | undefined> {
    const text = Buffer.from(packet).toString('latin1');
    try {
      return await this.answer(text, packet);
    } catch {
      // Whatever a packet made us do wrong, the next one gets its chance.
      return MALFORMED;
    }
  }

  private answer(text: string, packet: Uint8Array): Promise<string> | string | undefined {
    const rest = text.slice(1);
    switch (text[0]) {
      case '?':
        return this.last;
      case 'g':
        return this.target.registers(this.core).slice(0, REGISTER_NAMES.length).map(wordToHex).join('');
      case 'G':
        return this.writeRegisters(rest);
      case 'p':
        return this.readRegister(rest);
      case 'P':
        return this.writeRegister(rest);
      case 'm':
        return this.readMemory(rest);
      case 'M':
        return this.writeMemory(rest);
      case 'X':
        return this.writeBinary(text, packet);
      case 'H':
        return this.selectThread(rest);
      case 'T':
        return threadOf(rest) === undefined ? MALFORMED : OK;
      case 'Z':
      case 'z':
        return this.point(text[0] === 'Z', rest);
      case 'c':
      case 'C':
        return this.continue();
      case 's':
      case 'S':
        return this.report(this.target.step(this.core));
      case 'b':
        return this.goBack(rest);
      case 'v':
        return this.verbose(text, packet);
      case 'q':
      case 'Q':
        return this.query(text);
      case 'D':
        return this.leave();
      case 'k':
        this.leave();
        return undefined;
      case 'R':
        this.target.reset();
        return undefined;
      case '!':
        return OK;
      default:
        return UNKNOWN;
    }
  }

  // ---- running

  private async continue(): Promise<string> {
    const stop = await this.target.resume(this.core, () => this.interruptWanted || this.ended);
    this.interruptWanted = false;
    return this.report(stop);
  }

  private goBack(how: string): Promise<string> | string {
    if (how === 's') return this.report(this.target.stepBack(this.core));
    return how === 'c' ? this.continueBack() : UNKNOWN;
  }

  private async continueBack(): Promise<string> {
    const stop = await this.target.resumeBack(this.core, () => this.interruptWanted || this.ended);
    this.interruptWanted = false;
    return this.report(stop);
  }

  private report(stop: Stop): string {
    this.core = stop.core;
    const thread = `thread:0${stop.core + 1};`;
    if (stop.kind === 'fault') this.last = `T${SIGNALS[stop.fault] ?? SEGMENTATION}${thread}`;
    else if (stop.kind === 'interrupt') this.last = `T02${thread}`;
    else if (stop.kind === 'history-begins') this.last = `T05replaylog:begin;${thread}`;
    else if (stop.kind === 'watch') {
      const name = { write: 'watch', read: 'rwatch', access: 'awatch' }[stop.watch];
      this.last = `T05${name}:${stop.address.toString(16)};${thread}`;
    } else this.last = `T05${thread}`;
    return this.last;
  }

  private leave(): string {
    this.target.removeAllPoints();
    this.ended = true;
    return OK;
  }

  private point(add: boolean, text: string): string {
    const [type, addressText, lengthText] = text.split(/[,;]/);
    const address = numberFromHex(addressText);
    const length = numberFromHex(lengthText);
    if (address === undefined || length === undefined) return MALFORMED;
    const { target } = this;
    if (type === '0' || type === '1') {
      if (add) target.addBreakpoint(address);
      else target.removeBreakpoint(address);
      return OK;
    }
    const kind = WATCH_KINDS[type];
    if (kind === undefined) return UNKNOWN;
    if (add) return target.addWatchpoint(kind, address, length) ? OK : NO_ACCESS;
    target.removeWatchpoint(kind, address, length);
    return OK;
  }

  // ---- registers and memory

  private readRegister(text: string): string {
    const index = numberFromHex(text);
    if (index === undefined || index >= REGISTER_NAMES.length) return MALFORMED;
    return wordToHex(this.target.registers(this.core)[index]);
  }

  private writeRegister(text: string): string {
    const [indexText, valueText = ''] = text.split('=');
    const index = numberFromHex(indexText);
    const value = wordFromHex(valueText);
    if (index === undefined || index >= REGISTER_NAMES.length || value === undefined) return MALFORMED;
    this.target.writeRegister(this.core, index, value);
    return OK;
  }

  private writeRegisters(text: string): string {
    const words = (text.match(/.{8}/g) ?? []).map(wordFromHex);
    if (words.length === 0 || words.includes(undefined)) return MALFORMED;
    for (const [index, word] of words.slice(0, REGISTER_NAMES.length).entries())
      this.target.writeRegister(this.core, index, word as number);
    return OK;
  }

  private readMemory(text: string): string {
    const range = rangeOf(text);
    if (range === undefined) return MALFORMED;
    const bytes = this.target.readMemory(range.address, Math.min(range.length, MAX_READ));
    return bytes === undefined ? NO_ACCESS : toHex(bytes);
  }

  private writeMemory(text: string): string {
    const [place, data = ''] = text.split(':');
    const range = rangeOf(place);
    const bytes = fromHex(data);
    if (range === undefined || bytes === undefined || bytes.length !== range.length) return MALFORMED;
    return this.target.writeMemory(range.address, bytes) ? OK : NO_ACCESS;
  }

  private writeBinary(text: string, packet: Uint8Array): string {
    const colon = text.indexOf(':');
    const range = rangeOf(text.slice(1, colon));
    const bytes = packet.slice(colon + 1);
    if (colon < 0 || range === undefined || bytes.length !== range.length) return MALFORMED;
    return this.target.writeMemory(range.address, bytes) ? OK : NO_ACCESS;
  }

  // ---- threads: one for each core, numbered from 1

  private selectThread(text: string): string {
    const thread = threadOf(text.slice(1));
    if (thread === undefined) return MALFORMED;
    // 0 and -1 mean any.
    if (thread > 0) this.core = (thread - 1) as CoreIndex;
    return OK;
  }

  // ---- v packets

  private verbose(text: string, packet: Uint8Array): Promise<string> | string {
    if (text === 'vCont?') return 'vCont;c;C;s;S';
    if (text.startsWith('vCont;')) return this.resumeThreads(text.slice(6));
    if (text.startsWith('vFlashErase:')) return rangeOf(text.slice(12)) === undefined ? MALFORMED : OK;
    if (text.startsWith('vFlashWrite:')) return this.flashWrite(text, packet);
    if (text === 'vFlashDone') return this.flashDone();
    if (text.startsWith('vKill')) return this.leave();
    return UNKNOWN;
  }

  /** The first action that names a thread is the thread's; a step of any thread makes it a step. */
  private resumeThreads(actions: string): Promise<string> | string {
    for (const action of actions.split(';')) {
      const [what, threadText] = action.split(':');
      const thread = threadText === undefined ? 0 : threadOf(threadText);
      if (thread === undefined || !/^[csCS]/.test(what)) return MALFORMED;
      if (thread > 0) this.core = (thread - 1) as CoreIndex;
      return /^[sS]/.test(what) ? this.report(this.target.step(this.core)) : this.continue();
    }
    return MALFORMED;
  }

  private flashWrite(text: string, packet: Uint8Array): string {
    const colon = text.indexOf(':', 12);
    const address = numberFromHex(text.slice(12, colon));
    if (colon < 0 || address === undefined) return MALFORMED;
    this.flashWrites.push({ address, data: packet.slice(colon + 1) });
    return OK;
  }

  private flashDone(): string {
    const writes = this.flashWrites.splice(0);
    return writes.every(({ address, data }) => this.target.writeMemory(address, data)) ? OK : NO_ACCESS;
  }

  // ---- queries

  private query(text: string): string | undefined {
    const name = text.split(/[:,]/, 1)[0];
    switch (name) {
      case 'qSupported':
        return (
          `PacketSize=${PACKET_BYTES.toString(16)};QStartNoAckMode+;qXfer:features:read+;qXfer:memory-map:read+;` +
          'vContSupported+;hwbreak+;ReverseStep+;ReverseContinue+'
        );
      case 'QStartNoAckMode':
        this.withoutAcknowledgements = true;
        return OK;
      case 'qXfer':
        return this.transfer(text);
      case 'qC':
        return `QC${this.core + 1}`;
      case 'qfThreadInfo':
        return 'm1,2';
      case 'qsThreadInfo':
        return 'l';
      case 'qThreadExtraInfo':
        return this.threadName(text);
      case 'qAttached':
        return '1';
      case 'qSymbol':
        return OK;
      case 'qRcmd':
        return this.command(text.slice(6));
      default:
        return UNKNOWN;
    }
  }

  private threadName(text: string): string {
    const thread = threadOf(text.split(',')[1] ?? '');
    const core = thread === undefined ? undefined : this.target.chip.cores[thread - 1];
    if (core === undefined) return MALFORMED;
    const state = core.held
      ? 'held in reset'
      : core.lockedUp
        ? 'locked up'
        : core.sleeping
          ? 'asleep'
          : 'awake';
    return toHex(Buffer.from(`core ${core.id}, ${state}`));
  }

  private command(hex: string): string {
    const line = fromHex(hex);
    if (line === undefined) return MALFORMED;
    return toHex(Buffer.from(monitor(this.target, Buffer.from(line).toString())));
  }

  /** qXfer:object:read:annex:offset,length */
  private transfer(text: string): string {
    const [, object, verb, annex, place = ''] = text.split(':');
    const range = rangeOf(place);
    if (verb !== 'read' || range === undefined) return MALFORMED;
    let document: string;
    if (object === 'features' && annex === 'target.xml') document = TARGET_XML;
    else if (object === 'memory-map' && annex === '')
      document = memoryMap(this.target.pico.options.flashBytes);
    else return object === 'features' ? 'E00' : UNKNOWN;
    const { address: offset, length } = range;
    const part = document.slice(offset, offset + Math.min(length, PACKET_BYTES / 2));
    return `${offset + part.length >= document.length ? 'l' : 'm'}${part}`;
  }
}

const rangeOf = (text: string): { address: number; length: number } | undefined => {
  const [addressText, lengthText] = text.split(',');
  const address = numberFromHex(addressText);
  const length = numberFromHex(lengthText);
  return address === undefined || length === undefined ? undefined : { address, length };
};

/** 0 for "any" and "all"; undefined when there is no such thread. */
const threadOf = (text: string): number | undefined => {
  if (text === '-1' || text === '0' || text === '') return 0;
  const thread = numberFromHex(text);
  return thread === 1 || thread === 2 ? thread : undefined;
};
