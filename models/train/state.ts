/** Where a training stands: enough to go on from there to the same bits. Kept beside the checkpoint until it is finished. */
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { replaceFile } from '../checkpoint.ts';
import { ModelError } from '../errors.ts';
import { readSafetensors, type Tensor, writeSafetensors } from '../tensors/safetensors.ts';

export interface TrainingState {
  /** Steps done. */
  step: number;
  /** Tokens seen. */
  tokens: number;
  parameters: Float32Array;
  /** AdamW's running means of the gradient and of its square. */
  mean: Float32Array;
  square: Float32Array;
}

const stateFile = (out: string) => `${out}.state.safetensors`;

/** @param command what the training was told; resuming must be told the same */
export async function writeState(out: string, state: TrainingState, command: string): Promise<void> {
  const { step, tokens, parameters, mean, square } = state;
  const tensors = Object.entries({ parameters, mean, square }).map(([name, data]): [string, Tensor] => [
    name,
    { shape: [data.length], data },
  ]);
  const bytes = writeSafetensors(new Map(tensors), { step: `${step}`, tokens: `${tokens}`, command });
  await replaceFile(stateFile(out), bytes);
}

export async function removeState(out: string): Promise<void> {
  await rm(stateFile(out), { force: true });
}

/** @throws ModelError when there is nothing to resume, or it is of another training */
export function readState(out: string, size: number, command: string): TrainingState {
  const file = stateFile(out);
  if (!existsSync(file))
    throw new ModelError(`nothing to resume: ${file} does not exist; leave --resume out`);
  const { tensors, metadata } = readSafetensors(readFileSync(file), file);
  if (metadata['command'] !== command) {
    throw new ModelError(`${file} is of another training:\n  ${metadata['command']}\nnot\n  ${command}`);
  }
  const vector = (name: string): Float32Array => {
    const data = tensors.get(name)?.data;
    if (data?.length !== size) throw new ModelError(`${file}: ${name} does not hold ${size} numbers`);
    return data;
  };
  const [step, tokens] = [Number(metadata['step']), Number(metadata['tokens'])];
  if (!Number.isInteger(step) || !Number.isInteger(tokens))
    throw new ModelError(`${file}: no step or tokens`);
  return { step, tokens, parameters: vector('parameters'), mean: vector('mean'), square: vector('square') };
}
