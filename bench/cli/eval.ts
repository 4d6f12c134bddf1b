/** `starmind eval`: how well a model knows a text, in float and in integers. */
import type { Command } from 'commander';
import type { FormatResult } from '../models/evaluation.ts';
import { alignColumns, thousands } from '../report/format.ts';
import { usageError } from './exit.ts';
import { readCount } from './numbers.ts';
import { note, print } from './terminal.ts';

export const EVAL_SCHEMA = 'starmind-eval/1';

const EXAMPLES = `
Examples:
  starmind eval story-90k                              held-out stories of the grammar, float beside integers
  starmind eval stories260K.bin my-text.txt            any model, any text
  starmind eval story-90k my-text.txt --formats float,int8 --tokens 2000 --json
  starmind eval chat-8k/ text.txt --formats device     the original Starmind, as its device computes`;

const CHOICES = ['float', 'int8', 'int4g32', 'int4', 'exact', 'fast', 'device'] as const;
export type EvalFormat = (typeof CHOICES)[number];

interface EvalFlags {
  formats?: EvalFormat[];
  tokens: number;
  json?: boolean;
}

const readFormats = (text: string): EvalFormat[] => {
  const formats = text.split(',').map((part) => part.trim());
  const wrong = formats.find((format) => !(CHOICES as readonly string[]).includes(format));
  if (wrong === undefined) return formats as EvalFormat[];
  throw usageError(`--formats: "${wrong}" is not one of ${CHOICES.join(', ')}`);
};

export const addEval = (program: Command): Command =>
  program
    .command('eval')
    .summary('bits per byte and perplexity of a model on a text, float and integer')
    .description(
      'Feeds the text token by token and sums up how surprised the model is. Texts longer than the context are cut into ' +
        'pieces; <|endoftext|> separates texts.',
    )
    .argument(
      '[model]',
      'a model of "starmind models", or the path of a checkpoint, an image or an importable model',
      'story-90k',
    )
    .argument('[text]', 'a text file (default: held-out stories of the grammar)')
    .option(
      '--formats <list>',
      `of ${CHOICES.join(', ')} (default: float,int8,int4g32,int4; of an image, its own)`,
      readFormats,
    )
    .option('--tokens <n>', 'most tokens to predict', readCount, 5000)
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(evalCommand);

const evalCommand = async (
  model: string,
  text: string | undefined,
  { formats, tokens, json }: EvalFlags,
): Promise<void> => {
  const { openModel } = await import('../../models/import/open.ts');
  const { evaluateOpened, readTexts } = await import('../models/evaluation.ts');
  const opened = openModel(model);
  const results = evaluateOpened(opened, readTexts(text), { formats, tokens });
  if (json) {
    print(`${JSON.stringify({ schema: EVAL_SCHEMA, model: opened.name, text: text ?? null, results })}\n`);
    return;
  }
  for (const line of evalLines(results)) print(`${line}\n`);
  note(
    `${opened.name} on ${text ?? 'held-out stories of the grammar'}: ${thousands(results[0]!.tokens)} tokens`,
  );
};

const evalLines = (results: readonly FormatResult[]): string[] => {
  const float = results.find(({ format }) => format === 'float');
  const excess = ({ format, bitsPerByte }: FormatResult) =>
    float === undefined || format === 'float'
      ? ''
      : `${(100 * (bitsPerByte / float.bitsPerByte - 1)).toFixed(2)} %`;
  const rows = results.map((result) => [
    result.format,
    result.bitsPerByte.toFixed(4),
    result.perplexity.toFixed(3),
    excess(result),
  ]);
  return alignColumns([['format', 'bits per byte', 'perplexity', 'above float'], ...rows], 'lr');
};
