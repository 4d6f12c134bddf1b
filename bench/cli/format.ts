import { Option } from 'commander';

/** `--placement`: where the weights of a checkpoint lie; an image already says so. */
export const placementOption = (): Option =>
  new Option(
    '--placement <place>',
    'weights all in SRAM, or all in flash (default: in SRAM what fits)',
  ).choices(['sram', 'xip']);

/** `--format`: what the weights of a checkpoint are quantized to; an image already is in its format. */
export const formatOption = (): Option =>
  new Option('--format <format>', 'quantize a checkpoint to this (default: int8)').choices([
    'int8',
    'int4',
    'int4g32',
  ]);
