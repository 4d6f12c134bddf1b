/** `starmind quantize`: a float model as integers, and what that costs. */
import { extname } from 'node:path';
import type { Command } from 'commander';
import type { WeightFormat } from '../../models/quantized.ts';
import type { FormatResult } from '../models/evaluation.ts';
import { alignColumns, percent, thousands } from '../report/format.ts';
import type { Placement } from '../target/model.ts';
import { usageError } from './exit.ts';
import { writeWhole } from './files.ts';
import { contextOption, flashOption, formatOption, placementOption } from './format.ts';
import { readCount } from './numbers.ts';
import { print } from './terminal.ts';

export const QUANTIZE_SCHEMA = 'starmind-quantize/1';

const EXAMPLES = `
Examples:
  starmind quantize story-90k story-90k.smp --format int4
  starmind quantize stories260K.bin 260k.smp --format int4g32 --text story.txt
  starmind run --model 260k.smp`;

interface QuantizeFlags {
  format?: WeightFormat;
  placement?: Placement;
  context?: number;
  flash?: number;
  text?: string;
  tokens: number;
  json?: boolean;
}

export const addQuantize = (program: Command): Command =>
  program
    .command('quantize')
    .summary('turn a float model into an integer image, and report what it costs')
    .description('Writes the image (models/IMAGE.md) and measures bits per byte before and after on a text.')
    .argument('<model>', 'a model of "starmind models", or the path of any float model')
    .argument('<file>', 'the image to write, ending in .smp')
    .addOption(formatOption())
    .addOption(placementOption())
    .addOption(contextOption())
    .addOption(flashOption())
    .option('--text <path>', 'what to measure on (default: held-out stories of the grammar)')
    .option('--tokens <n>', 'most tokens to measure on', readCount, 2000)
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(quantize);

const quantize = async (
  name: string,
  file: string,
  { format = 'int8', placement, context, flash: flashBytes, text, tokens, json }: QuantizeFlags,
): Promise<void> => {
  if (extname(file).toLowerCase() !== '.smp') {
    throw usageError(`${file}: the ending must be .smp`, 'starmind image writes .uf2 for a board.');
  }
  const { openModel } = await import('../../models/import/open.ts');
  const { evaluateOpened, readTexts } = await import('../models/evaluation.ts');
  const opened = openModel(name);
  if (opened.kind === 'image') {
    throw usageError(
      `${name} is an image: its weights are integers already`,
      'Quantize the checkpoint it was made from.',
    );
  }
  const { modelFromCheckpoint } = await import('../target/model.ts');
  const model = modelFromCheckpoint(opened.imported.checkpoint, { format, placement, context, flashBytes });
  const [float, integer] = evaluateOpened(opened, readTexts(text), { formats: ['float', format], tokens });
  writeWhole(file, model.image);
  const report = {
    model: model.name,
    file,
    format,
    parameters: model.parameters,
    sramBytes: model.arenaBytes,
    flashBytes: model.image.length,
    sha256: model.sha256,
    bitsPerByte: { float: float!.bitsPerByte, [format]: integer!.bitsPerByte },
    tokens: float!.tokens,
  };
  if (json) print(`${JSON.stringify({ schema: QUANTIZE_SCHEMA, ...report })}\n`);
  else for (const line of [...reportLines(report, float!, integer!), '', model.plan()]) print(`${line}\n`);
};

interface Report {
  model: string;
  file: string;
  format: WeightFormat;
  parameters: number;
  sramBytes: number;
  flashBytes: number;
}

const reportLines = (report: Report, float: FormatResult, integer: FormatResult): string[] => {
  const { parameters, flashBytes, sramBytes } = report;
  const excess = integer.bitsPerByte - float.bitsPerByte;
  return alignColumns(
    [
      ['image', `${report.file}: ${report.model}, ${thousands(parameters)} parameters, ${report.format}`],
      [
        'flash',
        `${thousands(flashBytes)} bytes, ${percent(flashBytes, 4 * parameters)} of the float weights`,
      ],
      ['SRAM', `${thousands(sramBytes)} bytes`],
      [
        'float',
        `${float.bitsPerByte.toFixed(4)} bits per byte, perplexity ${float.perplexity.toFixed(3)}, ${thousands(float.tokens)} tokens`,
      ],
      [
        report.format,
        `${integer.bitsPerByte.toFixed(4)} bits per byte, perplexity ${integer.perplexity.toFixed(3)}, ${percent(excess, float.bitsPerByte)} above float`,
      ],
    ],
    'l',
  );
};
