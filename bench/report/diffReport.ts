/** Where the firmware left the reference, for people. */
import type { DiffResult, Divergence } from '../diff/find.ts';
import type { WrongWeight } from '../diff/weights.ts';
import type { WrongStore } from '../diff/writer.ts';
import { thousands } from './format.ts';

export const DIFF_SCHEMA = 'starmind-diff/1';

export const diffLines = ({ divergence, wrongWeight, writtenBy, passes, tensors }: DiffResult): string[] => {
  if (divergence === undefined) {
    return [`identical to the reference: ${tensors} tensors of ${passes} forward passes, and every token`];
  }
  return [
    ...divergenceLines(divergence),
    ...(writtenBy === undefined ? [] : [writerLine(writtenBy)]),
    ...(wrongWeight === undefined ? [] : weightLines(wrongWeight)),
  ];
};

const divergenceLines = (divergence: Divergence): string[] => {
  const { position, layer, phase, tensor, element, expected, actual, wrongElements, elements } = divergence;
  if (tensor === 'token') {
    return [
      `first difference: the token at position ${position}, although every logit is right (phase sample)`,
      `  reference  ${expected < 0 ? 'the story ends' : expected}`,
      `  firmware   ${actual < 0 ? 'the story ends' : actual}`,
    ];
  }
  const where = layer === undefined ? 'outside the layers' : `layer ${layer}`;
  return [
    `first difference: position ${position}, ${where}, phase ${phase}, tensor ${tensor}, element ${element}`,
    `  reference  ${expected}`,
    `  firmware   ${actual}`,
    `  ${wrongElements} of the tensor's ${elements} elements differ; everything before it is the same`,
  ];
};

const writerLine = ({ function: name, pc, core, cycle }: WrongStore): string =>
  `  written by ${name ?? 'code without a symbol'} at 0x${pc.toString(16)}, core ${core}, cycle ${thousands(cycle)}`;

const weightLines = ({ tensor, part, row, column, expected, actual, where, more }: WrongWeight): string[] => {
  const element = column === undefined ? `row ${row}` : `row ${row}, column ${column}`;
  const others = more === 0 ? '' : `; ${more} more of this tensor differ`;
  return [`cause: a wrong ${part} in ${where}: ${tensor}, ${element} is ${actual}, not ${expected}${others}`];
};
