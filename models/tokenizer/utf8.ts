/** Splitting bytes into code points as the device does: an invalid byte stands alone. */

const continues = (byte: number | undefined, low = 0x80, high = 0xbf): boolean =>
  byte !== undefined && byte >= low && byte <= high;

/** Bytes of the code point at `at`; 1 for a byte that starts no valid sequence (Unicode 15, table 3-7). */
export function codePointLength(text: Uint8Array, at: number): number {
  const lead = text[at];
  if (lead < 0xc2 || lead > 0xf4) return 1;
  const second = text[at + 1];
  if (lead < 0xe0) return continues(second) ? 2 : 1;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (!continues(second, low, high) || !continues(text[at + 2])) return 1;
  if (lead < 0xf0) return 3;
  return continues(text[at + 3]) ? 4 : 1;
}

/** Bytes as a string of the same length, one character per byte: a key for maps. */
export function byteKey(bytes: Uint8Array): string {
  let key = '';
  for (const byte of bytes) key += String.fromCharCode(byte);
  return key;
}

/** The inverse of `byteKey`. */
export function keyBytes(key: string): Uint8Array {
  return Uint8Array.from(key, (c) => c.charCodeAt(0));
}

export function utf8(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? new TextEncoder().encode(text) : text;
}
