/** `starmind kernels`: what each kernel costs at the shapes that matter, and whether that moved. */
import type { Command } from 'commander';
import { EXIT, usageError } from './exit.ts';
import { startProgress } from './progress.ts';
import { note, painterFor, print } from './terminal.ts';

interface KernelFlags {
  check?: boolean;
  update?: boolean;
  json?: boolean;
  baseline?: string;
}

const EXAMPLES = `
Examples:
  starmind kernels                 cycles per multiply-add of every kernel and shape
  starmind kernels --check         and fail when one is not that of its baseline
  starmind kernels --update        accept the present cycles`;

export const addKernels = (program: Command): Command =>
  program
    .command('kernels')
    .summary('measure every kernel: cycles per multiply-add, floor, bytes')
    .description(
      'Calls each kernel on the emulated chip, everything in SRAM, and divides the cycles of the whole call by its ' +
        'multiply-adds (or elements). The floor is the inner step alone. A check exits with 3 when any moved.',
    )
    .option('--check', 'fail when cycles are not those of the baseline')
    .option('--update', 'write the present cycles as baseline; never in CI')
    .option('--json', 'print one JSON object')
    .option('--baseline <file>', 'another baseline file')
    .addHelpText('after', EXAMPLES)
    .action(kernels);

const kernels = async ({ check, update, json, baseline: file }: KernelFlags): Promise<void> => {
  if (update && process.env.CI) {
    throw usageError(
      '--update writes a baseline, and CI never does.',
      'Run it on your machine and commit the result.',
    );
  }
  const { kernelMoves, readKernelBaseline, toKernelBaseline, writeKernelBaseline } = await import(
    '../kernels/baseline.ts'
  );
  const { kernelMoveLines, kernelsJson, kernelTable } = await import('../report/kernelReport.ts');
  const base = readKernelBaseline(file);
  const measured = await measureWithProgress();
  if (json) print(`${JSON.stringify(kernelsJson(measured))}\n`);
  else for (const line of kernelTable(measured)) print(`${line}\n`);
  const head = toKernelBaseline(measured);
  if (update) {
    writeKernelBaseline(head, file);
    note(`${painterFor(process.stderr)('green', 'updated:')} kernels`);
  } else if (check) {
    const moves = kernelMoves(base, head);
    for (const line of kernelMoveLines(moves)) note(line);
    if (moves.length > 0) process.exitCode = EXIT.cycleRegression;
    else note(`${measured.length} kernels, every cycle as in the baseline`);
  }
};

const measureWithProgress = async () => {
  const { measureKernels } = await import('../kernels/measure.ts');
  const progress = startProgress('kernels');
  try {
    return await measureKernels((done, of) => progress.report(done / of, `${done} of ${of}`));
  } finally {
    progress.end();
  }
};
