/** Little-endian reads of a machine's memory that give undefined where there is none. */

export type Peek = (address: number) => number | undefined;

export function peek16(peek: Peek, address: number): number | undefined {
  const low = peek(address);
  const high = peek(address + 1);
  return low === undefined || high === undefined ? undefined : low | (high << 8);
}

export function peek32(peek: Peek, address: number): number | undefined {
  const low = peek16(peek, address);
  const high = peek16(peek, address + 2);
  return low === undefined || high === undefined ? undefined : low + high * 0x10000;
}

/** Zero-terminated ASCII text, at most `limit` characters. */
export function peekText(peek: Peek, address: number, limit: number): string {
  let text = '';
  for (let at = address; text.length < limit; at++) {
    const byte = peek(at);
    if (byte === undefined || byte < 0x20 || byte > 0x7e) break;
    text += String.fromCharCode(byte);
  }
  return text;
}
