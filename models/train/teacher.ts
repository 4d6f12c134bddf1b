/** A model as a teacher: any float model that can be opened, and texts that it writes itself. */
import { ModelError } from '../errors.ts';
import { openModel } from '../import/open.ts';
import { type BpeTokenizer, tokenizerFromSection } from '../tokenizer/index.ts';
import { fromTensors } from './parameters.ts';
import type { Teacher } from './teach.ts';

export interface OpenedTeacher extends Teacher {
  name: string;
  tokenizer: BpeTokenizer;
}

/** @throws ModelError when there is no such model, or it has no float weights */
export function openTeacher(nameOrPath: string): OpenedTeacher {
  const opened = openModel(nameOrPath);
  if (opened.kind === 'image') {
    throw new ModelError(
      `${nameOrPath} is an image: a teacher needs float weights, the checkpoint it was made from`,
    );
  }
  const { config, tensors, tokenizer } = opened.imported.checkpoint;
  return {
    name: opened.name,
    config,
    parameters: fromTensors(config, tensors),
    tokenizer: tokenizerFromSection(tokenizer.section, tokenizer),
  };
}
