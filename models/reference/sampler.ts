/** The sampler of ARITHMETIC.md, section 7: greedy, temperature, top-k and top-p on integer logits. */
import { ModelError } from '../errors.ts';
import { bitlen, mulhi } from './arithmetic.ts';
import { Rng } from './rng.ts';

/** A sampling request as it goes to the device. */
export interface SamplerRequest {
  /** Q16; 0 is greedy, otherwise 655..6553600 (0.01..100). @default 0 */
  temperature?: number;
  /** 0 is off. @default 0 */
  topK?: number;
  /** Q16, 1..65536; 65536 is off. @default 65536 */
  topP?: number;
  /** u32. @default 0 */
  seed?: number;
}

const log2eQ31 = 3098164009;

/** exp2Table[i] = round(65535 * 2^(-i / 256)). */
export function exp2Table(): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, i) => Math.round(65535 * 2 ** (-i / 256)));
}

/**
 * A request from real numbers, checked.
 * @throws ModelError that names the argument and its range.
 */
export function samplerRequest(options: {
  temperature?: number;
  topK?: number;
  topP?: number;
  seed?: number;
}): Required<SamplerRequest> {
  const { temperature = 0, topK = 0, topP = 1, seed = 0 } = options;
  if (!(temperature === 0 || (temperature >= 0.01 && temperature <= 100))) {
    throw new ModelError(`temperature is ${temperature}; it must be 0 (greedy) or 0.01..100`);
  }
  if (!(Number.isInteger(topK) && topK >= 0 && topK <= 32768)) {
    throw new ModelError(`top-k is ${topK}; it must be a whole number, 0 for off`);
  }
  if (!(topP > 0 && topP <= 1)) throw new ModelError(`top-p is ${topP}; it must be above 0 and at most 1`);
  if (!(Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff)) {
    throw new ModelError(`seed is ${seed}; it must be a whole number from 0 to 4294967295`);
  }
  return {
    temperature: temperature === 0 ? 0 : Math.min(6553600, Math.max(655, Math.round(temperature * 65536))),
    topK,
    topP: Math.max(1, Math.round(topP * 65536)),
    seed,
  };
}

/** Chooses tokens from integer logits as the device does (ARITHMETIC.md section 7). */
export class Sampler {
  private readonly request: Required<SamplerRequest>;
  private readonly logitFraction: number;
  private readonly table: Uint16Array;
  private readonly rng: Rng;

  /** @throws ModelError for a temperature or top-p out of range. */
  constructor(
    request: SamplerRequest,
    { logitFraction, exp2 = exp2Table() }: { logitFraction: number; exp2?: Uint16Array },
  ) {
    this.request = { temperature: 0, topK: 0, topP: 65536, seed: 0, ...request };
    const { temperature, topP } = this.request;
    if (temperature !== 0 && (temperature < 655 || temperature > 6553600)) {
      throw new ModelError(`temperature ${temperature} (Q16) is neither 0 nor within 655..6553600`);
    }
    if (topP < 1) throw new ModelError('top-p (Q16) must be at least 1');
    this.logitFraction = logitFraction;
    this.table = exp2;
    this.rng = new Rng(this.request.seed);
  }

  /** The token chosen from these logits (fraction bits: logitFraction). Advances the generator unless greedy. */
  sample(logits: Int32Array): number {
    if (this.request.temperature === 0) return greedy(logits);
    const weights = this.weights(logits);
    const kept = this.keep(logits, weights);
    let total = 0;
    for (const id of kept) total += weights[id];
    const target = mulhi(this.rng.next(), total);
    let running = 0;
    for (const id of kept.sort((a, b) => a - b)) {
      running += weights[id];
      if (running > target) return id;
    }
    return kept[kept.length - 1];
  }

  private weights(logits: Int32Array): Uint32Array {
    const M = Math.floor(log2eQ31 / this.request.temperature);
    const sM = Math.max(bitlen(M) - 12, 0);
    const Mm = M >>> sM;
    const ks = 7 + this.logitFraction - sM;
    const largest = logits[greedy(logits)];
    return Uint32Array.from(logits, (logit) => {
      const d = Math.min((largest - logit) >>> 0, 2 ** 19 - 1);
      const k = (Math.imul(d, Mm) >>> 0) >>> ks;
      return k >>> 8 > 16 ? 0 : this.table[k & 255] >>> (k >>> 8);
    });
  }

  /** Ids that top-k and top-p leave, best first. */
  private keep(logits: Int32Array, weights: Uint32Array): number[] {
    const { topK, topP } = this.request;
    const order = Array.from(logits, (_, id) => id).sort((a, b) => logits[b] - logits[a] || a - b);
    const kept = topK > 0 ? order.slice(0, topK) : order;
    if (topP >= 65536) return kept;
    let total = 0;
    for (const id of kept) total += weights[id];
    const need = mulhi(total, (topP << 16) >>> 0);
    let sum = 0;
    const end = kept.findIndex((id) => {
      sum += weights[id];
      return sum >= need;
    });
    return kept.slice(0, end + 1);
  }
}

/** Largest logit; the smallest id of equals. */
export function greedy(logits: Int32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id;
  return best;
}
