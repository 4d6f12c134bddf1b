/** `starmind image`: a model as the file that the firmware reads, or as a UF2 for a board. */
import { extname } from 'node:path';
import type { Command } from 'commander';
import type { ImageFormat } from '../../models/quantized.ts';
import { thousands } from '../report/format.ts';
import type { Placement } from '../target/model.ts';
import { usageError } from './exit.ts';
import { writeWhole } from './files.ts';
import { contextOption, flashOption, imageFormatOption, placementOption } from './format.ts';
import { note } from './terminal.ts';

const EXAMPLES = `
Examples:
  starmind image story-90k story-90k.uf2     to be dropped on a board in BOOTSEL mode
  starmind image story-90k story-90k.smp     the image alone (models/IMAGE.md)
  starmind image stories260K.bin 260k.uf2 --format int4 --context 256`;

export const addImage = (program: Command): Command =>
  program
    .command('image')
    .summary('write the image of a model: .uf2 for a board, .smp for the image alone')
    .description(
      'Quantizes a checkpoint, plans its memory and writes the image. The file is replaced only as a whole.',
    )
    .argument('<model>', 'a model of "starmind models", or the path of any model')
    .argument('<file>', 'where to write; its ending says what')
    .addOption(imageFormatOption())
    .addOption(placementOption())
    .addOption(contextOption())
    .addOption(flashOption())
    .option('--plan', 'also print where everything lies in SRAM and flash, to stderr')
    .addHelpText('after', EXAMPLES)
    .action(image);

interface ImageFlags {
  format?: ImageFormat;
  placement?: Placement;
  context?: number;
  flash?: number;
  plan?: boolean;
}

const image = async (
  name: string,
  file: string,
  { format, placement, context, flash: flashBytes, plan }: ImageFlags,
): Promise<void> => {
  const ending = extname(file).toLowerCase();
  if (ending !== '.uf2' && ending !== '.smp') {
    throw usageError(
      `${file}: the ending must be .uf2 or .smp`,
      'For example: starmind image story-90k story-90k.uf2',
    );
  }
  const { loadModel } = await import('../target/model.ts');
  const model = await loadModel(name, { format, placement, context, flashBytes });
  if (plan) note(model.plan());
  writeWhole(file, ending === '.smp' ? model.image : await toUf2(model.image));
  note(`${file}: ${model.name}, ${thousands(model.image.length)} bytes of image, SHA-256 ${model.sha256}`);
};

const toUf2 = async (bytes: Uint8Array): Promise<Uint8Array> => {
  const { modelUf2 } = await import('../../firmware/uf2.ts');
  return modelUf2(bytes);
};
