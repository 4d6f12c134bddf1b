/** Where the firmware keeps the tensors of a pass: the working memory of models/IMAGE.md, "Region directory". */
import type { Pico } from '../../emulator/index.ts';
import { ScenarioError } from '../target/scenario.ts';

/** Header fields and entry sizes of models/IMAGE.md. */
const KV_HEADS = 72;
const HEAD_SIZE = 76;
const CONTEXT = 80;
const REGION_DIRECTORY = 132;
const REGION_ENTRY_BYTES = 12;
const REGION_NUMBERS = { cache: 1, x: 2, a: 3, t: 4, y: 5, logits: 7 } as const;

type Region = keyof typeof REGION_NUMBERS;

/** What a tensor of the reference is called in the firmware's memory, and how far into the region it begins. */
interface Vector {
  region: Exclude<Region, 'cache'>;
  /** Elements before it. */
  from: number;
  /** The firmware keeps it wider than the reference, which clamps it to this at once. */
  limit?: number;
}

/** The values of a position, which are narrowed on their way there: bytes, 128 too large (firmware/kernels/attention.h). */
interface Values {
  region: 'cache';
  layer: number;
  position: number;
}

type Place = Vector | Values;

/** When a tensor is looked at. */
export interface Moment {
  layer: number | undefined;
  phase: string;
  tensor: string;
  position: number;
}

/**
 * Undefined for what the firmware has overwritten by the end of the phase.
 * @param queries heads * headSize, where keys begin in the matvec output
 */
export const placeOf = (
  { layer = 0, phase, tensor, position }: Moment,
  queries: number,
): Place | undefined => {
  switch (`${phase} ${tensor}`) {
    case 'embed x':
    case 'output x':
    case 'ffn x':
      return { region: 'x', from: 0 };
    case 'norm a':
      return { region: 'a', from: 0 };
    case 'qkv y':
      return { region: 'y', from: 0, limit: 32767 };
    case 'rope q':
      return { region: 'y', from: 0 };
    case 'rope k':
      return { region: 'y', from: queries };
    case 'rope v':
      return { region: 'cache', layer, position };
    case 'attention t':
    case 'ffn t':
      return { region: 't', from: 0 };
    case 'logits logits':
      return { region: 'logits', from: 0 };
    default:
      return undefined;
  }
};

export class WorkingMemory {
  private readonly pico: Pico;
  private readonly arena: number;
  private readonly regions: Record<Region, number>;
  /** Of the cache: key-value heads, and bytes of one's values of a position and of all positions. */
  private readonly cache: { heads: number; size: number; part: number };

  /** @throws ScenarioError when the firmware has no symbol for its arena */
  constructor(pico: Pico, image: Uint8Array) {
    const arena = pico.symbol('arena');
    if (arena === undefined) throw new ScenarioError('device', 'the firmware has no symbol arena to look at');
    this.pico = pico;
    this.arena = arena.address;
    const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
    const directory = view.getUint32(REGION_DIRECTORY, true);
    const offsetOf = (number: number) =>
      view.getUint32(directory + (number - 1) * REGION_ENTRY_BYTES + 4, true);
    const size = view.getUint32(HEAD_SIZE, true);
    const positions = Math.ceil(view.getUint32(CONTEXT, true) / 4) * 4;
    this.cache = { heads: view.getUint32(KV_HEADS, true), size, part: size * positions };
    const { cache, x, a, t, y, logits } = REGION_NUMBERS;
    this.regions = {
      cache: offsetOf(cache),
      x: offsetOf(x),
      a: offsetOf(a),
      t: offsetOf(t),
      y: offsetOf(y),
      logits: offsetOf(logits),
    };
  }

  /** Elements as the reference has them. */
  read(place: Place, count: number): Int32Array {
    if (place.region === 'cache') {
      return Int32Array.from(
        { length: count },
        (_, i) => this.pico.readMemory(this.addressOf(place, i), 1)[0] - 128,
      );
    }
    const bytes = this.pico.readMemory(this.addressOf(place, 0), 4 * count);
    const values = new Int32Array(bytes.buffer, bytes.byteOffset, count);
    const { limit } = place;
    return limit === undefined ? values : values.map((value) => Math.min(Math.max(value, -limit), limit));
  }

  /** Of an element, as the firmware has it. */
  addressOf(place: Place, element: number): number {
    const region = this.arena + this.regions[place.region];
    if (place.region !== 'cache') return region + 4 * (place.from + element);
    const { heads, size, part } = this.cache;
    const head = (2 * place.layer + 1) * heads + Math.floor(element / size);
    return region + head * part + place.position * size + (element % size);
  }

  /** Of an element there. */
  bytesOf({ region }: Place): number {
    return region === 'cache' ? 1 : 4;
  }

  bytes(arenaOffset: number, count: number): Uint8Array {
    return this.pico.readMemory(this.arena + arenaOffset, count);
  }
}
