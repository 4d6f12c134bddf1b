/** Checkpoints as other projects' files. */
import type { Checkpoint } from '../checkpoint.ts';
import { exportHuggingFace } from './huggingface.ts';
import { exportLlama2c, exportLlama2cTokenizer } from './llama2c.ts';

export const exportFormats = ['llama2c', 'safetensors'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface Exported {
  /** Contents by file name. */
  files: Map<string, Uint8Array>;
  /** What the other project will do differently. */
  notes: string[];
}

/** @throws ModelError when the format cannot hold the model */
export function exportModel(checkpoint: Checkpoint, format: ExportFormat): Exported {
  if (format === 'llama2c') {
    const { bytes, notes } = exportLlama2cTokenizer(checkpoint);
    const files = new Map([
      [`${checkpoint.name}.bin`, exportLlama2c(checkpoint)],
      ['tokenizer.bin', bytes],
    ]);
    return { files, notes };
  }
  const { safetensors, config } = exportHuggingFace(checkpoint);
  const json = new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`);
  const { bytes } = exportLlama2cTokenizer(checkpoint);
  const files = new Map([
    ['model.safetensors', safetensors],
    ['config.json', json],
    ['tokenizer.bin', bytes],
  ]);
  return {
    files,
    notes: ['the tokenizer is written as llama2.c holds it (tokenizer.bin); transformers does not read it'],
  };
}
