/**
 * Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): any bytes, written without a zero byte, so that zero
 * can separate frames. Costs one byte for each 254 of data, and at least one.
 */

/** Longest run of data bytes that one code byte can stand before. */
const RUN = 254;

export const cobsEncode = (data: Uint8Array): Uint8Array => {
  const out = new Uint8Array(data.length + Math.floor(data.length / RUN) + 1);
  let code = 0;
  let end = 1;
  const close = (): void => {
    out[code] = end - code;
    code = end++;
  };
  for (const [i, byte] of data.entries()) {
    if (byte === 0) close();
    else {
      out[end++] = byte;
      // A full run needs no closing zero, unless the data ends here: then there is nothing left to open a run for.
      if (end - code === RUN + 1 && i + 1 < data.length) close();
    }
  }
  out[code] = end - code;
  return out.subarray(0, end);
};

/** The data, or `undefined` when the bytes are not an encoding of anything (a zero inside, or a run cut short). */
export const cobsDecode = (encoded: Uint8Array): Uint8Array | undefined => {
  if (encoded.length === 0) return undefined;
  const out = new Uint8Array(encoded.length);
  let length = 0;
  let at = 0;
  while (at < encoded.length) {
    const code = encoded[at++]!;
    const runEnd = at + code - 1;
    if (code === 0 || runEnd > encoded.length) return undefined;
    while (at < runEnd) {
      const byte = encoded[at++]!;
      if (byte === 0) return undefined;
      out[length++] = byte;
    }
    if (code <= RUN && at < encoded.length) out[length++] = 0;
  }
  return out.subarray(0, length);
};
