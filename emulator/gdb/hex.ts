/** Numbers and bytes as GDB writes them: hexadecimal, words in the target's byte order (little-endian). */

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Undefined when it is not an even number of hexadecimal digits. */
export const fromHex = (text: string): Uint8Array | undefined =>
  /^([0-9a-f]{2})*$/i.test(text) ? Uint8Array.from(Buffer.from(text, 'hex')) : undefined;

export const wordToHex = (word: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(word >>> 0);
  return bytes.toString('hex');
};

export const wordFromHex = (text: string): number | undefined => {
  const bytes = fromHex(text);
  return bytes?.length === 4 ? Buffer.from(bytes).readUInt32LE() : undefined;
};

/** An unsigned number of at most 32 bits; undefined for anything else. */
export const numberFromHex = (text: string | undefined): number | undefined =>
  text !== undefined && /^[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) : undefined;
