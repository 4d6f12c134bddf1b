/**
 * The state of a graph of objects, put back in place: every object that can be reached through fields keeps its identity and gets its
 * fields, elements and bytes back as they were. That carries over to rp2040js' peripherals as they are. What only a closure can reach
 * is not seen, so state must not be kept in variables of closures.
 */
import { createHash, type Hash } from 'node:crypto';

/** What is not state, and must be left as it is. */
export interface GraphPolicy {
  /** True for an object that is not looked into, and for bytes that are kept elsewhere. */
  isOpaque(value: object): boolean;
  /** Names of an object's fields that are left alone. */
  skippedFields(value: object): ReadonlySet<string> | undefined;
}

type Visitor = (value: object, children: readonly unknown[], keys: readonly string[] | undefined) => void;

type Entry =
  | { kind: 'bytes'; buffer: ArrayBufferLike; bytes: Uint8Array }
  | { kind: 'array'; object: unknown[]; elements: readonly unknown[] }
  | { kind: 'map'; object: Map<unknown, unknown>; elements: readonly unknown[] }
  | { kind: 'set'; object: Set<unknown>; elements: readonly unknown[] }
  | { kind: 'object'; object: Fields; keys: readonly string[]; values: readonly unknown[] };

type Fields = Record<string, unknown>;

/** Every object that can be reached from `roots`, once, in an order that depends on the graph alone. */
const walk = (roots: readonly object[], policy: GraphPolicy, visit: Visitor): void => {
  const seen = new Set<object>();
  const open: object[] = [];
  const meet = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const object = ArrayBuffer.isView(value) ? (value.buffer as object) : value;
    if (seen.has(object) || policy.isOpaque(value) || policy.isOpaque(object)) return;
    seen.add(object);
    open.push(object);
  };
  for (const root of roots) meet(root);
  // Depth first, last child first: any order will do as long as it is the same each time.
  for (let object = open.pop(); object !== undefined; object = open.pop()) {
    const keys = keysOf(object, policy);
    const children = childrenOf(object, keys);
    visit(object, children, keys);
    for (const child of children) meet(child);
  }
};

const keysOf = (object: object, policy: GraphPolicy): readonly string[] | undefined => {
  if (isCollection(object) || isBuffer(object)) return undefined;
  const skipped = policy.skippedFields(object);
  const keys = Object.keys(object);
  return skipped === undefined ? keys : keys.filter((key) => !skipped.has(key));
};

const isCollection = (object: object): boolean =>
  Array.isArray(object) || object instanceof Map || object instanceof Set;

const isBuffer = (object: object): object is ArrayBufferLike =>
  object instanceof ArrayBuffer || object instanceof SharedArrayBuffer;

const childrenOf = (object: object, keys: readonly string[] | undefined): unknown[] => {
  if (Array.isArray(object)) return object.slice();
  if (object instanceof Map) return [...object].flat();
  if (object instanceof Set) return [...object];
  return keys === undefined ? [] : keys.map((key) => (object as Fields)[key]);
};

/** What the graph holds now. */
export const captureGraph = (roots: readonly object[], policy: GraphPolicy): GraphState => {
  const entries: Entry[] = [];
  walk(roots, policy, (object, elements, keys) => {
    if (isBuffer(object))
      entries.push({ kind: 'bytes', buffer: object, bytes: new Uint8Array(object).slice() });
    else if (Array.isArray(object)) entries.push({ kind: 'array', object, elements });
    else if (object instanceof Map) entries.push({ kind: 'map', object, elements });
    else if (object instanceof Set) entries.push({ kind: 'set', object, elements });
    else entries.push({ kind: 'object', object: object as Fields, keys: keys ?? [], values: elements });
  });
  return new GraphState(entries, policy);
};

export class GraphState {
  private readonly entries: readonly Entry[];
  private readonly policy: GraphPolicy;

  constructor(entries: readonly Entry[], policy: GraphPolicy) {
    this.entries = entries;
    this.policy = policy;
  }

  get objects(): number {
    return this.entries.length;
  }

  get bytes(): number {
    return this.entries.reduce((all, entry) => (entry.kind === 'bytes' ? all + entry.bytes.length : all), 0);
  }

  restore(): void {
    for (const entry of this.entries) {
      switch (entry.kind) {
        case 'bytes':
          new Uint8Array(entry.buffer).set(entry.bytes);
          break;
        case 'array':
          entry.object.length = entry.elements.length;
          for (const [i, element] of entry.elements.entries()) entry.object[i] = element;
          break;
        case 'map':
          entry.object.clear();
          for (let i = 0; i < entry.elements.length; i += 2)
            entry.object.set(entry.elements[i], entry.elements[i + 1]);
          break;
        case 'set':
          entry.object.clear();
          for (const element of entry.elements) entry.object.add(element);
          break;
        case 'object':
          restoreFields(entry.object, entry.keys, entry.values, this.policy.skippedFields(entry.object));
      }
    }
  }
}

const restoreFields = (
  object: Fields,
  keys: readonly string[],
  values: readonly unknown[],
  skipped: ReadonlySet<string> | undefined,
): void => {
  // Unchanged fields are not touched: constants may be frozen.
  for (const [i, key] of keys.entries()) if (!Object.is(object[key], values[i])) object[key] = values[i];
  const now = Object.keys(object);
  if (now.length === keys.length) return;
  const known = new Set(keys);
  for (const key of now)
    if (!known.has(key) && skipped?.has(key) !== true && object[key] !== undefined) object[key] = undefined;
};

/** The same for two graphs of the same form with the same contents. Functions do not count. */
export const hashGraph = (
  roots: readonly object[],
  policy: GraphPolicy,
  hash: Hash = createHash('sha256'),
): string => {
  const numbers = new Map<object, number>();
  const numberOf = (object: object): number => {
    const known = numbers.get(object) ?? numbers.size;
    numbers.set(object, known);
    return known;
  };
  walk(roots, policy, (object, children, keys) => {
    hash.update(`\n${numberOf(object)} ${object.constructor?.name ?? ''} `);
    if (isBuffer(object)) hash.update(new Uint8Array(object));
    else {
      const texts = children.map((child, i) => describe(keys?.[i], child, numberOf));
      hash.update(texts.filter((text) => text !== '').join());
    }
  });
  return hash.digest('hex');
};

/** A field without a value is as good as none. */
const describe = (key: string | undefined, value: unknown, numberOf: (object: object) => number): string => {
  const name = key === undefined ? '' : `${key}=`;
  if (typeof value === 'function' || (value === undefined && key !== undefined)) return '';
  if (ArrayBuffer.isView(value)) return `${name}#${numberOf(value.buffer as object)}+${value.byteOffset}`;
  if (typeof value === 'object' && value !== null) return `${name}#${numberOf(value)}`;
  return `${name}${Object.is(value, -0) ? '-0' : JSON.stringify(String(value))}`;
};
