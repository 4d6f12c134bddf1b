/** Where the firmware keeps the tensors of a pass: the working memory of models/IMAGE.md, "Region directory". */
import type { Pico } from '../../emulator/index.ts';
import { ScenarioError } from '../target/scenario.ts';

/** Header fields and entry sizes of models/IMAGE.md. */
const REGION_DIRECTORY = 132;
const REGION_ENTRY_BYTES = 12;
const REGION_NUMBERS = { x: 2, a: 3, t: 4, y: 5, logits: 7 } as const;

type Region = keyof typeof REGION_NUMBERS;

/** What a tensor of the reference is called in the firmware's memory, and how far into the region it begins. */
interface Place {
  region: Region;
  /** Elements before it. */
  from: number;
  /** The firmware keeps it wider than the reference, which clamps it to this at once. */
  limit?: number;
}

export interface Widths {
  /** heads * headSize */
  queries: number;
  /** kvHeads * headSize */
  keys: number;
}

/** Undefined for what the firmware has overwritten by the end of the phase. */
export const placeOf = (phase: string, tensor: string, { queries, keys }: Widths): Place | undefined => {
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
      return { region: 'y', from: queries + keys };
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
    const { x, a, t, y, logits } = REGION_NUMBERS;
    this.regions = {
      x: offsetOf(x),
      a: offsetOf(a),
      t: offsetOf(t),
      y: offsetOf(y),
      logits: offsetOf(logits),
    };
  }

  /** Elements as the reference has them. */
  read({ region, from, limit }: Place, count: number): Int32Array {
    const bytes = this.pico.readMemory(this.arena + this.regions[region] + 4 * from, 4 * count);
    const values = new Int32Array(bytes.buffer, bytes.byteOffset, count);
    return limit === undefined ? values : values.map((value) => Math.min(Math.max(value, -limit), limit));
  }

  /** Of an element, as the firmware has it. */
  addressOf({ region, from }: Place, element: number): number {
    return this.arena + this.regions[region] + 4 * (from + element);
  }

  bytes(arenaOffset: number, count: number): Uint8Array {
    return this.pico.readMemory(this.arena + arenaOffset, count);
  }
}
