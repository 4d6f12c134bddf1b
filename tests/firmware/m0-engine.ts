/** A model on the engine in an emulated Cortex-M0+: the image in flash, everything else in SRAM after the code. */
import type { M0 } from './m0.ts';

const IMAGE = 0x10040000;
const STACK_BYTES = 4096;
const SRAM_END = 0x20042000;
/** sizeof struct sm_image, sm_sampler and sm_engine with its 64 layers, and a little more. */
const STRUCT_BYTES = { image: 256, sampler: 64, engine: 8192 };
const ALIGN = 15;

export interface M0Request {
  temperature: number;
  topK: number;
  topP: number;
  seed: number;
}

export class M0Engine {
  readonly m0: M0;
  readonly arena: number;
  private readonly image: number;
  private readonly sampler: number;
  private readonly engine: number;
  private readonly vocabulary: number;
  private readonly logitsAt: number;

  /** @throws when the engine refuses the image */
  constructor(m0: M0, image: Uint8Array) {
    this.m0 = m0;
    this.image = (m0.end + ALIGN) & -16;
    this.sampler = this.image + STRUCT_BYTES.image;
    this.engine = this.sampler + STRUCT_BYTES.sampler;
    this.arena = this.engine + STRUCT_BYTES.engine;
    const arenaBytes = SRAM_END - STACK_BYTES - this.arena;
    m0.write(IMAGE, image);
    const flash = 0x00fc0000;
    const { result } = m0.call('sm_image_open', IMAGE, image.length, arenaBytes, flash, this.image);
    if (result !== 0) throw new Error(`the engine refuses the image: ${result}`);
    m0.call('sm_engine_init', this.engine, this.image, this.arena);
    this.sample({ temperature: 0, topK: 0, topP: 65536, seed: 0 });
    const view = new DataView(image.buffer, image.byteOffset);
    this.vocabulary = view.getUint32(52, true);
    const regions = view.getUint32(132, true);
    this.logitsAt = this.arena + view.getUint32(regions + 12 * 6 + 4, true);
  }

  /** Sets the sampler of the steps to come. */
  sample({ temperature, topK, topP, seed }: M0Request): void {
    this.m0.call('sm_sampler_init', this.sampler, temperature, topK, topP, seed);
  }

  /** One token; its logits stay in `logits` until the next. */
  step(token: number, position: number): { next: number; cycles: number } {
    const { result, cycles } = this.m0.call('sm_engine_step', this.engine, token, position, this.sampler);
    return { next: result, cycles };
  }

  get logits(): Int32Array {
    return this.m0.words(this.logitsAt, this.vocabulary);
  }
}
