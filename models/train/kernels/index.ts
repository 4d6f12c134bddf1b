/**
 * Fused operations in WebAssembly SIMD that work on the memory of TensorFlow.js's WebAssembly backend, so its tensors are read and
 * written where they are. They use the backend's internals of tfjs 4.22; where these are different there are no kernels, and the
 * network is computed by TensorFlow.js's own operations, slower and to the same result.
 */
import * as tf from '@tensorflow/tfjs-core';
import { binary } from './binary.ts';

/** Takes addresses in the backend's memory, and numbers; kernels.c says which. */
type Kernel = (...values: number[]) => void;

const names = [
  'product',
  'round_rows',
  'round_columns',
  'norm',
  'norm_gradient',
  'activate',
  'activate_gradient',
  'embed',
  'embed_gradient',
  'softmax',
  'entropy_gradient',
  'rotate',
  'attend',
  'attend_gradient',
] as const;

interface Backend {
  wasm: {
    asm: Record<string, unknown>;
    _malloc(bytes: number): number;
    _free(address: number): void;
  };
  getMemoryOffset(dataId: object): number;
  makeOutput(shape: number[], dtype: 'float32'): { dataId: object; shape: number[]; dtype: 'float32' };
}

const STACK_BYTES = 65536;
const FLOAT_BYTES = 4;

export class Kernels {
  readonly run: Record<(typeof names)[number], Kernel>;
  private readonly backend: Backend;
  private readonly memory: WebAssembly.Memory;

  constructor(backend: Backend, memory: WebAssembly.Memory) {
    this.backend = backend;
    this.memory = memory;
    const module = new WebAssembly.Module(Buffer.from(binary, 'base64'));
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    // The stack that the compiler assumed would lie in the backend's own data.
    (exports['__stack_pointer'] as WebAssembly.Global).value = this.allocate(STACK_BYTES) + STACK_BYTES;
    this.run = Object.fromEntries(names.map((name) => [name, exports[name] as Kernel])) as Kernels['run'];
  }

  /** Where a tensor's numbers are. */
  address(tensor: tf.Tensor): number {
    return this.backend.getMemoryOffset(tensor.dataId);
  }

  /** A tensor whose numbers are not set yet. */
  tensor<T extends tf.Tensor>(shape: number[]): T {
    return tf.engine().makeTensorFromTensorInfo(this.backend.makeOutput(shape, 'float32')) as T;
  }

  /** Numbers at an address, in place; valid until memory is next allocated. */
  floats(address: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, count);
  }

  integers(address: number, count: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, count);
  }

  allocate(bytes: number): number {
    const address = this.backend.wasm._malloc(bytes);
    if (address === 0) throw new Error(`no memory for ${bytes} bytes in the WebAssembly backend`);
    return address;
  }

  free(address: number): void {
    this.backend.wasm._free(address);
  }
}

let madeFor: object | null = null;
let made: Kernels | null = null;

/** The kernels on TensorFlow.js's present backend; null where they do not run. */
export function kernels(): Kernels | null {
  if (tf.getBackend() !== 'wasm') return null;
  const backend = tf.backend() as unknown as Backend;
  if (backend === madeFor) return made;
  madeFor = backend;
  made = null;
  const memory = backend.wasm?.asm?.['memory'];
  if (!(memory instanceof WebAssembly.Memory)) return made;
  try {
    made = new Kernels(backend, memory);
  } catch {
    // No SIMD.
  }
  return made;
}

/** Memory by name that is kept from step to step, and grows when more is asked for. */
export class Workspace {
  private readonly kernels: Kernels;
  private readonly places = new Map<string, { address: number; count: number }>();

  constructor(owner: Kernels) {
    this.kernels = owner;
  }

  /** The address of room for `count` numbers; what was there under this name before is there still, unless it is more. */
  take(name: string, count: number): number {
    const known = this.places.get(name);
    if (known !== undefined && known.count >= count) return known.address;
    if (known !== undefined) this.kernels.free(known.address);
    const address = this.kernels.allocate(count * FLOAT_BYTES);
    this.places.set(name, { address, count });
    return address;
  }

  dispose(): void {
    for (const { address } of this.places.values()) this.kernels.free(address);
    this.places.clear();
  }
}
