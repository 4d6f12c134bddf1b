/**
 * Batched matrix products that are fast on WebAssembly. That backend sends only single 2-D products to XNNPACK (about 32
 * GFLOP/s on the machine of the notes) and runs batched ones in a scalar loop (about 2). Here each product of a batch is
 * given to the same kernel as a 2-D one, on sub-tensors registered at addresses inside the batch's memory, without copies.
 * That uses the backend's internals of tfjs 4.22, so it is compared with `tf.matMul` first and left alone if it differs.
 */
import * as tf from '@tensorflow/tfjs-core';

interface WasmModule {
  cwrap(name: string, result: null, types: string[]): (...values: unknown[]) => void;
  tfjs: { registerTensor(id: number, size: number, address: number): void; disposeData(id: number): void };
}

interface WasmBackend {
  wasm: WasmModule;
  dataIdNextNumber: number;
  getMemoryOffset(dataId: object): number;
  makeOutput(shape: number[], dtype: 'float32'): { dataId: object; shape: number[]; dtype: 'float32' };
}

type Multiply = (a: tf.Tensor3D, b: tf.Tensor3D) => tf.Tensor3D;

const FLOAT_BYTES = 4;
const shapeBytes = (rows: number, columns: number) =>
  new Uint8Array(new Int32Array([1, rows, columns]).buffer);

function wasmMultiply(backend: WasmBackend): Multiply {
  const { wasm } = backend;
  const types = ['number', 'array', 'number', 'number', 'array', 'number', 'number', 'number', 'number'];
  const kernel = wasm.cwrap('BatchMatMul', null, types);
  return (a, b) => {
    const [batch, rows, inner] = a.shape;
    const columns = b.shape[2];
    const output = backend.makeOutput([batch, rows, columns], 'float32');
    const aShape = shapeBytes(rows, inner);
    const bShape = shapeBytes(inner, columns);
    const [aId, bId, outId] = [0, 1, 2].map(() => backend.dataIdNextNumber++);
    const [aAt, bAt, outAt] = [a.dataId, b.dataId, output.dataId].map((id) => backend.getMemoryOffset(id));
    for (let i = 0; i < batch; i++) {
      wasm.tfjs.registerTensor(aId, rows * inner, aAt + FLOAT_BYTES * i * rows * inner);
      wasm.tfjs.registerTensor(bId, inner * columns, bAt + FLOAT_BYTES * i * inner * columns);
      wasm.tfjs.registerTensor(outId, rows * columns, outAt + FLOAT_BYTES * i * rows * columns);
      kernel(aId, aShape, 3, bId, bShape, 3, 0, 0, outId);
      // Also drops XNNPACK's packed copy of b, which it keeps by id.
      for (const id of [aId, bId, outId]) wasm.tfjs.disposeData(id);
    }
    return tf.engine().makeTensorFromTensorInfo(output) as tf.Tensor3D;
  };
}

const plain: Multiply = (a, b) => tf.matMul(a, b);

function agrees(multiply: Multiply): boolean {
  return tf.tidy(() => {
    const a = tf.randomUniform([3, 5, 4], -1, 1, 'float32', 1) as tf.Tensor3D;
    const b = tf.randomUniform([3, 4, 6], -1, 1, 'float32', 2) as tf.Tensor3D;
    const difference = tf.max(tf.abs(tf.sub(multiply(a, b), plain(a, b)))).dataSync()[0];
    return difference < 1e-6;
  });
}

let chosenFor = '';
let chosen: Multiply = plain;

function choose(): Multiply {
  const name = tf.getBackend();
  if (name === chosenFor) return chosen;
  chosenFor = name;
  chosen = plain;
  if (name !== 'wasm') return chosen;
  try {
    const candidate = wasmMultiply(tf.backend() as unknown as WasmBackend);
    if (agrees(candidate)) chosen = candidate;
  } catch {
    // Another version of the backend: the plain product is slower and right.
  }
  return chosen;
}

/** Whose kernels take a transposed factor at no cost; WebAssembly's then run a slow loop. */
const hasFastFlags = () => tf.getBackend() === 'tensorflow';

/**
 * The product of a (batch, m, k) and b (batch, k, n): (batch, m, n); a flagged factor is given with its last two axes swapped.
 * No gradient: for use inside custom gradients.
 */
export function batchedMatMul(a: tf.Tensor3D, b: tf.Tensor3D, flipA = false, flipB = false): tf.Tensor3D {
  if (hasFastFlags()) return tf.matMul(a, b, flipA, flipB);
  const flip = (t: tf.Tensor3D): tf.Tensor3D => tf.transpose(t, [0, 2, 1]);
  return choose()(flipA ? flip(a) : a, flipB ? flip(b) : b);
}

/** The same for one product, a (m, k) times b (k, n). */
export function product(a: tf.Tensor2D, b: tf.Tensor2D, flipA = false, flipB = false): tf.Tensor2D {
  if (hasFastFlags()) return tf.matMul(a, b, flipA, flipB);
  return tf.matMul(flipA ? tf.transpose(a) : a, flipB ? tf.transpose(b) : b);
}
