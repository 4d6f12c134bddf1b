/** `starmind build`: the firmware and its boot ROM. */
import type { Command } from 'commander';
import { thousands } from '../report/format.ts';
import { print } from './terminal.ts';

export const addBuild = (program: Command): Command =>
  program
    .command('build')
    .summary('build the firmware: ELF, BIN, UF2 and its boot ROM')
    .description(
      'Sets up the compiler and the Pico SDK where they are missing (PICO_SDK_PATH and an installed ' +
        'arm-none-eabi-gcc are used first), and builds the firmware. The same sources give the same bytes in any folder.',
    )
    .option('--json', 'print one JSON object')
    .action(build);

const build = async ({ json }: { json?: boolean }): Promise<void> => {
  const { prepareFirmware } = await import('./setup.ts');
  const { elfPath, binPath, uf2Path, bootromPath, bin, bootrom, sha256 } = await prepareFirmware();
  if (json) {
    print(
      `${JSON.stringify({ schema: 'starmind-build/1', elfPath, binPath, uf2Path, bootromPath, sha256 })}\n`,
    );
    return;
  }
  print(`firmware  ${thousands(bin.length)} bytes  ${sha256}\n`);
  for (const path of [elfPath, binPath, uf2Path]) print(`          ${path}\n`);
  print(`boot ROM  ${thousands(bootrom.length)} bytes  ${bootromPath}\n`);
};
