/**
 * The framing of GDB's remote protocol (GDB manual, appendix E.1): `$data#checksum`, acknowledged with `+`, and the
 * single byte 0x03 between packets for Ctrl-C. Anything else between packets is ignored.
 */

/** What we tell GDB it may send in one packet, in bytes; longer ones are dropped. */
export const PACKET_BYTES = 0x4000;

const DOLLAR = 0x24;
const HASH = 0x23;
const ESCAPE = 0x7d;
const INTERRUPT = 0x03;

export type Incoming =
  | { kind: 'packet'; data: Uint8Array }
  | { kind: 'interrupt' }
  /** A packet whose checksum is wrong or which is too long; GDB is to send it again. */
  | { kind: 'damaged' };

/** Turns a stream of bytes into packets, however it is cut. */
export class PacketReader {
  private packet: number[] | undefined;
  private tooLong = false;
  private readonly checksum: number[] = [];
  private inChecksum = false;

  push(bytes: Uint8Array): Incoming[] {
    const incoming: Incoming[] = [];
    for (const byte of bytes) {
      const complete = this.take(byte);
      if (complete) incoming.push(complete);
    }
    return incoming;
  }

  private take(byte: number): Incoming | undefined {
    if (this.inChecksum) return this.takeChecksum(byte);
    if (byte === DOLLAR) {
      this.begin();
      return undefined;
    }
    if (this.packet === undefined) return byte === INTERRUPT ? { kind: 'interrupt' } : undefined;
    if (byte === HASH) this.inChecksum = true;
    else if (this.packet.length < 2 * PACKET_BYTES) this.packet.push(byte);
    else this.tooLong = true;
    return undefined;
  }

  private begin(): void {
    this.packet = [];
    this.tooLong = false;
  }

  private takeChecksum(byte: number): Incoming | undefined {
    this.checksum.push(byte);
    if (this.checksum.length < 2) return undefined;
    const raw = this.packet ?? [];
    const said = Number.parseInt(String.fromCharCode(...this.checksum), 16);
    this.checksum.length = 0;
    this.inChecksum = false;
    this.packet = undefined;
    if (this.tooLong || said !== sumOf(raw)) return { kind: 'damaged' };
    return { kind: 'packet', data: unescaped(raw) };
  }
}

/** A reply, ready to be sent. Characters are bytes. */
export const framed = (reply: string): Uint8Array => {
  const data = [...Buffer.from(reply, 'latin1')].flatMap((byte) =>
    byte === DOLLAR || byte === HASH || byte === ESCAPE || byte === 0x2a ? [ESCAPE, byte ^ 0x20] : [byte],
  );
  const checksum = sumOf(data).toString(16).padStart(2, '0');
  return Uint8Array.from([DOLLAR, ...data, HASH, ...Buffer.from(checksum)]);
};

const sumOf = (bytes: readonly number[]): number => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);

const unescaped = (raw: readonly number[]): Uint8Array => {
  const data: number[] = [];
  for (let i = 0; i < raw.length; i++) data.push(raw[i] === ESCAPE ? (raw[++i] ?? 0) ^ 0x20 : raw[i]);
  return Uint8Array.from(data);
};
