import { Option } from 'commander';

/** `--format`: what the weights of a checkpoint are quantized to; an image already is in its format. */
export const formatOption = (): Option =>
  new Option('--format <format>', 'quantize a checkpoint to this (default: int8)').choices([
    'int8',
    'int4',
    'int4g32',
  ]);
