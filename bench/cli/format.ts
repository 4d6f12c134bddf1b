import { Option } from 'commander';
import { readCount, readFlash } from './numbers.ts';

/** `--placement`: where the weights of a checkpoint lie; an image already says so. */
export const placementOption = (): Option =>
  new Option(
    '--placement <place>',
    'weights all in SRAM; pinned there what fits, the rest read through the flash cache; pinned what fits, the rest ' +
      'streamed by DMA; all read through the flash cache (default: pinned)',
  ).choices(['sram', 'pinned', 'streamed', 'xip']);

/** `--flash`: a bigger chip takes bigger models. */
export const flashOption = (): Option =>
  new Option('--flash <mb>', 'flash of the Pico in MB: 2, 4, 8 or 16 (default: 2)').argParser(readFlash);

/** `--format`: what the weights of a checkpoint are quantized to; an image already is in its format. */
export const formatOption = (): Option =>
  new Option('--format <format>', 'quantize a checkpoint to this (default: int8)').choices([
    'int8',
    'int4',
    'int4g32',
  ]);

/** The same where a float model serves too: its trained weights as they are, for the float path. */
export const imageFormatOption = (): Option =>
  new Option(
    '--format <format>',
    'quantize a checkpoint to this, or keep its floats (default: int8)',
  ).choices(['int8', 'int4', 'int4g32', 'float']);

/** `--context`: fewer positions need less SRAM; an image already has its own. */
export const contextOption = (): Option =>
  new Option(
    '--context <positions>',
    'positions to provide for (default: as many as the checkpoint has)',
  ).argParser(readCount);
