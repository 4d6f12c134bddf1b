/** The messages of firmware/LINK.md as types, and their reading from untrusted CBOR. */
import { Decoder, Encoder } from 'cbor-x';
import { LinkError } from './errors.ts';

/** The phases of a token, in the order in which the link sends their cycles. */
export const PHASES = [
  'embed',
  'norm',
  'qkv',
  'rope',
  'attention',
  'output',
  'ffn',
  'logits',
  'sample',
] as const;
export type Phase = (typeof PHASES)[number];

export interface Hello {
  protocol: number;
  firmware: string;
  board: string;
  clockHz: number;
  cores: number;
  arenaBytes: number;
  engineVersion: number | string;
  model: string | null;
  modelError: string | null;
  resetReason: string;
  /** Which of its ports the device was asked on. This and the keys below are missing in firmware before USB. */
  port?: string;
  /** Of UART0. */
  baud?: number;
  /** Flash as the chip itself says. */
  flashBytes?: number;
  /** JEDEC id of the flash chip: manufacturer << 16 | type << 8 | capacity. */
  flashId?: number;
  /** GPIO of the LED that shines while a story is computed. */
  led?: number | null;
  /** clk_sys periods of one flash clock. */
  flashDivider?: number;
  /** 16 hexadecimal digits: the flash chip's unique id. */
  boardId?: string;
  /** The firmware binary from the start of flash, and its CRC-32. */
  firmwareBytes?: number;
  firmwareCrc?: number;
  modelCrc?: number | null;
  /** What the watchdog found when it had to restart the device; null when it had not. */
  lastWedge?: Wedge | null;
}

/** Where the engine was when it stopped answering; null is not known. */
export interface Wedge {
  cause: string;
  core: number | null;
  phase: string | null;
  /** Position in the context. */
  token: number | null;
  /** Whether that was a token of the prompt. */
  prefill: boolean;
}

export interface ModelDescription {
  name: string;
  family: string;
  vocabulary: number;
  dim: number;
  hidden: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  context: number;
  parameters: number;
  format: string;
  tied: boolean;
  imageBytes: number;
  imageCrc: number;
  sramBytes: number;
  flashBytes: number;
  bos: number | null;
  eos: number | null;
}

/** A request for tokens. Fractions are Q16 as in models/ARITHMETIC.md section 7; `temperature` 0 is greedy. */
export interface GenerateRequest {
  prompt?: string;
  tokens?: number[];
  count?: number;
  temperature?: number;
  topK?: number;
  topP?: number;
  seed?: number;
  logits?: boolean;
  /** How many compute. @default what the firmware takes */
  cores?: 1 | 2;
}

export type DoneReason = 'length' | 'eos' | 'context' | 'cancelled';

export type GenerateEvent =
  | { event: 'prompt'; from: number; tokens: number[] }
  | { event: 'prefill'; i: number; cycles: number; phases: number[] }
  | { event: 'logits'; i: number; from: number; values: Int32Array }
  | { event: 'token'; i: number; token: number; text: Uint8Array; cycles: number; phases: number[] }
  | { event: 'done'; reason: DoneReason; tokens: number; cycles: number };

export interface SelfTest {
  ok: boolean;
  tests: Record<string, boolean>;
}

export interface MemoryMap {
  regions: { name: string; address: number; bytes: number }[];
  stackHighWater: number[];
  heapBytes: number;
}

/** Any message as it came: a CBOR map with text keys. */
export type RawMessage = Record<string, unknown>;

const encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
const decoder = new Decoder({ useRecords: false, mapsAsObjects: true });

export const encodeMessage = (message: RawMessage): Uint8Array => {
  const present = Object.entries(message).filter(([, value]) => value !== undefined);
  return encoder.encode(Object.fromEntries(present));
};

/** The map in a payload, or `undefined` when the payload is not one CBOR map. */
export const decodeMessage = (payload: Uint8Array): RawMessage | undefined => {
  try {
    const value: unknown = decoder.decode(payload);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as RawMessage)
      : undefined;
  } catch {
    return undefined;
  }
};

/** Reads fields of a message by type. Throws LinkError `bad-answer` naming the field when the device sent another. */
export class Fields {
  readonly message: RawMessage;

  constructor(message: RawMessage) {
    this.message = message;
  }

  number(key: string): number {
    const value = this.message[key];
    if (typeof value === 'bigint') return Number(value);
    return typeof value === 'number' ? value : this.wrong(key, 'a number');
  }

  text(key: string): string {
    const value = this.message[key];
    return typeof value === 'string' ? value : this.wrong(key, 'text');
  }

  textOrNull(key: string): string | null {
    return this.message[key] == null ? null : this.text(key);
  }

  numberOrNull(key: string): number | null {
    return this.message[key] == null ? null : this.number(key);
  }

  boolean(key: string): boolean {
    const value = this.message[key];
    return typeof value === 'boolean' ? value : this.wrong(key, 'true or false');
  }

  bytes(key: string): Uint8Array {
    const value = this.message[key];
    return value instanceof Uint8Array ? value : this.wrong(key, 'a byte string');
  }

  numbers(key: string): number[] {
    const value = this.message[key];
    const right = Array.isArray(value) && value.every((item) => typeof item === 'number');
    return right ? value : this.wrong(key, 'an array of numbers');
  }

  private wrong(key: string, expected: string): never {
    throw new LinkError('bad-answer', `the device's answer has no ${expected} under "${key}"`);
  }
}

const readPhases = (fields: Fields): number[] => {
  const phases = fields.numbers('phases');
  if (phases.length === PHASES.length) return phases;
  throw new LinkError('bad-answer', `the device sent ${phases.length} phases instead of ${PHASES.length}`);
};

const readLogits = (bytes: Uint8Array): Int32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getInt32(4 * i, true));
};

/** The event in a message of a running generate or logits request; `undefined` for events this version does not know. */
export const readEvent = (message: RawMessage): GenerateEvent | undefined => {
  const f = new Fields(message);
  switch (f.text('event')) {
    case 'prompt':
      return { event: 'prompt', from: f.number('from'), tokens: f.numbers('tokens') };
    case 'prefill':
      return { event: 'prefill', i: f.number('i'), cycles: f.number('cycles'), phases: readPhases(f) };
    case 'logits':
      return {
        event: 'logits',
        i: f.number('i'),
        from: f.number('from'),
        values: readLogits(f.bytes('values')),
      };
    case 'token':
      return {
        event: 'token',
        i: f.number('i'),
        token: f.number('token'),
        text: f.bytes('text'),
        cycles: f.number('cycles'),
        phases: readPhases(f),
      };
    case 'done':
      return {
        event: 'done',
        reason: f.text('reason') as DoneReason,
        tokens: f.number('tokens'),
        cycles: f.number('cycles'),
      };
    default:
      return undefined;
  }
};

export const readHello = (message: RawMessage): Hello => {
  const f = new Fields(message);
  const version = message['engineVersion'];
  return {
    protocol: f.number('protocol'),
    firmware: f.text('firmware'),
    board: f.text('board'),
    clockHz: f.number('clockHz'),
    cores: f.number('cores'),
    arenaBytes: f.number('arenaBytes'),
    engineVersion: typeof version === 'string' ? version : f.number('engineVersion'),
    model: f.textOrNull('model'),
    modelError: f.textOrNull('modelError'),
    resetReason: f.text('resetReason'),
    ...readBoard(f),
  };
};

/** What firmware with USB tells besides; absent keys stay absent. */
const readBoard = (f: Fields): Partial<Hello> => {
  const has = (key: string) => f.message[key] !== undefined;
  const board: Partial<Hello> = {};
  for (const key of ['port', 'boardId'] as const) if (has(key)) board[key] = f.text(key);
  for (const key of [
    'baud',
    'flashBytes',
    'flashId',
    'flashDivider',
    'firmwareBytes',
    'firmwareCrc',
  ] as const)
    if (has(key)) board[key] = f.number(key);
  if (has('led')) board.led = f.numberOrNull('led');
  if (has('modelCrc')) board.modelCrc = f.numberOrNull('modelCrc');
  if (has('lastWedge')) board.lastWedge = readWedge(f.message['lastWedge']);
  return board;
};

const readWedge = (value: unknown): Wedge | null => {
  if (typeof value !== 'object' || value === null) return null;
  const f = new Fields(value as RawMessage);
  return {
    cause: f.text('cause'),
    core: f.numberOrNull('core'),
    phase: f.textOrNull('phase'),
    token: f.numberOrNull('token'),
    prefill: f.message['prefill'] === true,
  };
};

export const readDescription = (message: RawMessage): ModelDescription => {
  const f = new Fields(message);
  return {
    name: f.text('name'),
    family: f.text('family'),
    vocabulary: f.number('vocabulary'),
    dim: f.number('dim'),
    hidden: f.number('hidden'),
    layers: f.number('layers'),
    heads: f.number('heads'),
    kvHeads: f.number('kvHeads'),
    headSize: f.number('headSize'),
    context: f.number('context'),
    parameters: f.number('parameters'),
    format: f.text('format'),
    tied: f.boolean('tied'),
    imageBytes: f.number('imageBytes'),
    imageCrc: f.number('imageCrc'),
    sramBytes: f.number('sramBytes'),
    flashBytes: f.number('flashBytes'),
    bos: f.numberOrNull('bos'),
    eos: f.numberOrNull('eos'),
  };
};

export const readSelfTest = (message: RawMessage): SelfTest => {
  const f = new Fields(message);
  const tests = message['tests'];
  return {
    ok: f.boolean('ok'),
    tests: (typeof tests === 'object' && tests !== null ? tests : {}) as Record<string, boolean>,
  };
};

export const readMemory = (message: RawMessage): MemoryMap => {
  const f = new Fields(message);
  const regions = message['regions'];
  if (!Array.isArray(regions)) throw new LinkError('bad-answer', 'the memory map has no regions');
  return {
    regions: regions.map((region: RawMessage) => {
      const r = new Fields(region);
      return { name: r.text('name'), address: r.number('address'), bytes: r.number('bytes') };
    }),
    stackHighWater: f.numbers('stackHighWater'),
    heapBytes: f.number('heapBytes'),
  };
};
