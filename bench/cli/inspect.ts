/** `starmind inspect`: what is in a model. */
import type { Command } from 'commander';
import type { ModelConfig } from '../../models/config.ts';
import type { OpenedModel } from '../../models/import/open.ts';
import type { QuantizedShape, WeightFormat } from '../../models/quantized.ts';
import type { Histogram, MemoryMap, TensorFacts } from '../models/weights.ts';
import { alignColumns, bar, thousands } from '../report/format.ts';
import { contextOption, formatOption } from './format.ts';
import { print } from './terminal.ts';

export const INSPECT_SCHEMA = 'starmind-inspect/1';

const EXAMPLES = `
Examples:
  starmind inspect story-90k
  starmind inspect stories260K.bin --format int4       a model that was not imported yet, planned in int4
  starmind inspect model.smp --json                    an image`;

export const addInspect = (program: Command): Command =>
  program
    .command('inspect')
    .summary('show the shapes, formats, memory map and weights of any model')
    .description(
      'Reads a checkpoint, an image, or any file that "starmind import" takes, and changes nothing.',
    )
    .argument('<model>', 'a model of "starmind models", or a path')
    .addOption(formatOption())
    .addOption(contextOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(inspect);

const inspect = async (
  name: string,
  { format, context, json }: { format?: WeightFormat; context?: number; json?: boolean },
): Promise<void> => {
  const { histogram, memoryMap, openModel, tensorFacts, tokenizerFacts } = await import(
    '../models/weights.ts'
  );
  const { parameterCount } = await import('../../models/index.ts');
  const opened = openModel(name);
  const shape = shapeOf(opened);
  const isImage = opened.kind === 'image';
  const facts = {
    name: opened.name,
    source: isImage ? 'starmind-pico image' : opened.imported.format,
    parameters: isImage ? opened.image.model.parameters : parameterCount(opened.imported.checkpoint.config),
    shape,
    tokenizer: tokenizerFacts(opened),
    tensors: tensorFacts(opened),
    histogram: histogram(opened),
    memory: memoryMap(opened, { format, context }),
    repairs: isImage ? [] : opened.imported.repairs,
    notes: isImage ? [] : opened.imported.notes,
  };
  if (json) {
    print(`${JSON.stringify({ schema: INSPECT_SCHEMA, ...facts })}\n`);
    return;
  }
  const { fallback, longestPieceBytes, bos, eos } = facts.tokenizer;
  const head = [
    ['model', `${facts.name}: ${facts.source}, ${thousands(facts.parameters)} parameters`],
    ['shape', shapeLine(shape)],
    [
      'tokenizer',
      `${thousands(shape.vocabulary)} tokens, longest ${longestPieceBytes} bytes, ${fallback === 'none' ? 'no fallback' : `unknown characters as ${fallback}`}, BOS ${bos ?? '-'}, EOS ${eos ?? '-'}`,
    ],
    ...facts.repairs.map((text) => ['repaired', text]),
    ...facts.notes.map((text) => ['note', text]),
  ];
  const lines = [
    ...alignColumns(head, 'l'),
    '',
    ...tensorLines(facts.tensors),
    '',
    ...histogramLines(facts.histogram),
    '',
    ...memoryLines(facts.memory),
  ];
  print(`${lines.join('\n')}\n`);
};

const shapeOf = (opened: OpenedModel): ModelConfig | QuantizedShape =>
  opened.kind === 'image' ? opened.image.model.shape : opened.imported.checkpoint.config;

const shapeLine = ({
  family,
  dim,
  hidden,
  layers,
  heads,
  kvHeads,
  headSize,
  context,
  tied,
}: QuantizedShape): string =>
  `${family}, ${dim} wide, hidden ${hidden}, ${layers} layers, ${heads} heads of ${headSize} (${kvHeads} for keys and values), ` +
  `${context} positions, ${tied ? 'tied' : 'untied'} output`;

const short = (value: number): string => value.toPrecision(3);

const tensorLines = (tensors: readonly TensorFacts[]): string[] => {
  const rows = tensors.map(({ name, shape, format, least, most, mean, deviation }) => [
    name,
    format,
    shape.join(' x '),
    short(least),
    short(most),
    short(mean),
    short(deviation),
  ]);
  return alignColumns([['tensor', 'format', 'shape', 'least', 'most', 'mean', 'deviation'], ...rows], 'llr');
};

const histogramLines = ({ edges, counts }: Histogram): string[] => {
  const largest = Math.max(...counts, 1);
  const rows = counts.map((count, i) => [
    short((edges[i]! + edges[i + 1]!) / 2),
    thousands(count),
    bar(count / largest, 40),
  ]);
  return alignColumns([['weight', 'count', ''], ...rows], 'rrl');
};

const memoryLines = (memory: MemoryMap | string): string[] => {
  if (typeof memory === 'string') return [memory];
  const { format, sramBytes, flashBytes, sram, flash } = memory;
  const address = (offset: number) => `0x${offset.toString(16).padStart(6, '0')}`;
  const rows = (ranges: MemoryMap['sram']) =>
    alignColumns(
      ranges.map(({ name, offset, bytes }) => [address(offset), thousands(bytes), name]),
      'lrl',
    );
  return [
    `SRAM of the model in ${format}: ${thousands(sramBytes)} bytes, offsets in the arena`,
    ...rows(sram),
    '',
    `flash: ${thousands(flashBytes)} bytes${flash.length > 0 ? ', offsets in the image' : ''}`,
    ...rows(flash),
  ];
};
