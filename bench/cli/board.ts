/** `starmind board`: everything that needs a real RP2040, or an emulated one that behaves as such. */
import type { Command } from 'commander';
import { addCalibrate } from './board/calibrate.ts';
import { addCompare } from './board/compare.ts';
import { addEmulate } from './board/emulate.ts';
import { addFlash } from './board/flash.ts';
import { addList } from './board/list.ts';
import { addRecord } from './board/record.ts';
import { addBoardRun } from './board/run.ts';

const EXAMPLES = `
Examples:
  starmind board list                     ports and boards that are plugged in
  starmind board flash                    firmware and model onto the board in BOOTSEL mode
  starmind board run                      a story on it
  starmind board compare                  and beside it the emulator's
  starmind board emulate --pty /tmp/pico  no board at hand: an emulated one

bench/board/README.md is the guide.`;

export const addBoard = (program: Command): Command => {
  const board = program
    .command('board')
    .summary('real boards: list, flash, run, compare, calibrate, record; and emulate one')
    .addHelpText('after', EXAMPLES);
  for (const add of [addList, addFlash, addBoardRun, addCompare, addCalibrate, addRecord, addEmulate])
    add(board);
  return board;
};
