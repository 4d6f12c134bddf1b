import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { modelUf2, packUf2, parseUf2, Uf2Error } from '../../firmware/uf2.ts';

const segments = fc
  .array(
    fc.record({
      page: fc.integer({ min: 0, max: 500 }),
      data: fc.uint8Array({ minLength: 1, maxLength: 700 }),
    }),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((parts) => {
    let page = 0;
    return parts.map(({ page: gap, data }) => {
      const address = 0x10000000 + 256 * (page + gap);
      page += gap + Math.ceil(data.length / 256);
      return { address, data };
    });
  });

/** What flash holds after the segments were written to it. */
function flashOf(parts: { address: number; data: Uint8Array }[]): Map<number, number> {
  const flash = new Map<number, number>();
  for (const { address, data } of parts) {
    for (const [i, byte] of data.entries()) flash.set(address + i, byte);
  }
  return flash;
}

describe('a UF2 file', () => {
  test('gives back what was packed, padded with 0xff to whole pages', () => {
    fc.assert(
      fc.property(segments, (parts) => {
        const before = flashOf(parts);
        const after = flashOf(parseUf2(packUf2(parts)));
        for (const [address, byte] of after) expect(byte).toBe(before.get(address) ?? 0xff);
        for (const address of before.keys()) expect(after.has(address)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('for a model starts at 256 KB of flash, for the family of the RP2040', () => {
    const file = modelUf2(new Uint8Array(600).fill(7));
    const view = new DataView(file.buffer);
    expect(file.length).toBe(3 * 512);
    expect(view.getUint32(12, true)).toBe(0x10040000);
    expect(view.getUint32(28, true)).toBe(0xe48bff56);
    expect(view.getUint32(8, true)).toBe(0x2000);
  });

  test('is refused with the place of the damage', () => {
    const good = packUf2([{ address: 0x10000000, data: new Uint8Array(1000) }]);
    const damaged = (change: (bytes: Uint8Array) => void) => {
      const bytes = good.slice();
      change(bytes);
      return () => parseUf2(bytes);
    };
    expect(() => parseUf2(good.subarray(0, 700))).toThrow(/whole blocks/);
    expect(() => parseUf2(new Uint8Array(0))).toThrow(Uf2Error);
    expect(damaged((b) => b.fill(0, 512, 516))).toThrow(/Block 1 is damaged: .*magic/);
    expect(damaged((b) => b.fill(9, 1024 + 20, 1024 + 21))).toThrow(/Block 2/);
    expect(damaged((b) => b.fill(1, 28, 29))).toThrow(/family/);
    expect(() => parseUf2(good.subarray(0, 512))).toThrow(/Block 0 of 1 says that it is 0 of 4/);
  });

  test('is not made of segments that share a page', () => {
    const data = new Uint8Array(10);
    expect(() =>
      packUf2([
        { address: 0x10000000, data },
        { address: 0x10000080, data },
      ]),
    ).toThrow(/same|Two segments/);
  });
});
