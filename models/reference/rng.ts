/** xoshiro128++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators"), seeded from 32 bits. */
export class Rng {
  private readonly s = new Uint32Array(4);

  constructor(seed: number) {
    let h = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      h = (h + 0x9e3779b9) >>> 0;
      let z = h;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      this.s[i] = z ^ (z >>> 16);
    }
  }

  /** The next u32. */
  next(): number {
    const { s } = this;
    const result = (rotl((s[0] + s[3]) | 0, 7) + s[0]) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11);
    return result;
  }
}

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}
