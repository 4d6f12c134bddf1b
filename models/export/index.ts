/** Checkpoints as other projects' files. */
import type { Checkpoint } from '../checkpoint.ts';
import { tokenizerFromSection } from '../tokenizer/index.ts';
import { exportHuggingFace } from './huggingface.ts';
import { huggingFaceTokenizer } from './huggingface-tokenizer.ts';
import { exportLlama2c, exportLlama2cTokenizer } from './llama2c.ts';
import { inLlama2cOrder } from './llama2c-order.ts';

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
    const ordered = inLlama2cOrder(checkpoint);
    const { bytes, notes } = exportLlama2cTokenizer(ordered);
    const files = new Map([
      [`${checkpoint.name}.bin`, exportLlama2c(ordered)],
      ['tokenizer.bin', bytes],
    ]);
    return { files, notes };
  }
  const tokenizer = huggingFaceTokenizer(
    tokenizerFromSection(checkpoint.tokenizer.section, checkpoint.tokenizer).data,
  );
  // tokenizer.bin has its ids fixed, so the rows move with them.
  const ordered = tokenizer === undefined ? inLlama2cOrder(checkpoint) : checkpoint;
  const { safetensors, config } = exportHuggingFace(ordered);
  const files = new Map([
    ['model.safetensors', safetensors],
    ['config.json', jsonFile(config)],
  ]);
  if (tokenizer !== undefined) {
    files.set('tokenizer.json', jsonFile(tokenizer));
    return { files, notes: [] };
  }
  files.set('tokenizer.bin', exportLlama2cTokenizer(ordered).bytes);
  return {
    files,
    notes: ['tokenizer.json cannot hold this tokenizer (nibble tokens); it is written as tokenizer.bin'],
  };
}

function jsonFile(value: Record<string, unknown>): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
