/** `starmind exec`: any RP2040 program in the emulator, its UART on stdout. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { ExecOutcome } from '../target/exec.ts';
import { CommandError, EXIT, type ExitCode, usageError } from './exit.ts';
import { readSeconds } from './numbers.ts';
import { note, print } from './terminal.ts';

interface ExecFlags {
  expect?: string;
  fail?: string;
  timeout: number;
  bootrom?: string;
  json?: boolean;
}

export const EXEC_SCHEMA = 'starmind-exec/1';

const EXAMPLES = `
Examples:
  starmind exec hello.uf2
  starmind exec test.elf --expect "all passed" --fail "FAILED" --timeout 30
  starmind exec blink.hex --json`;

export const addExec = (program: Command): Command =>
  program
    .command('exec')
    .summary('run any RP2040 program in the emulator')
    .description('Runs an ELF, UF2, Intel HEX or BIN file (told apart by content) with its UART0 on stdout.')
    .argument('<file>', 'the program')
    .option('--expect <text>', 'end with 0 when UART0 has printed this; without it coming, end with 1')
    .option('--fail <text>', 'end with 1 when UART0 has printed this')
    .option('--timeout <seconds>', 'end with 42 after this much emulated time', readSeconds, 10)
    .option('--bootrom <file>', 'a boot ROM of your own instead of ours')
    .option('--json', 'print one JSON object: output, cycles and why the run ended')
    .addHelpText('after', EXAMPLES)
    .action(exec);

const exec = async (file: string, flags: ExecFlags): Promise<void> => {
  for (const name of ['expect', 'fail'] as const) {
    if (flags[name] === '') throw usageError(`--${name} is empty`, 'Give the text to look for.');
  }
  const { execProgram } = await import('../target/exec.ts');
  const { bootromBytes } = await import('./setup.ts');
  const outcome = await execProgram({
    file,
    bootrom: flags.bootrom === undefined ? await bootromBytes() : readFileSync(flags.bootrom),
    expect: flags.expect,
    fail: flags.fail,
    timeoutSeconds: flags.timeout,
    onOutput: flags.json ? undefined : print,
  });
  if (flags.json)
    print(`${JSON.stringify({ schema: EXEC_SCHEMA, file, exitCode: exitCodeOf(outcome), ...outcome })}\n`);
  tell(outcome, flags);
};

const exitCodeOf = ({ end, expectMissing }: ExecOutcome): ExitCode => {
  if (end === 'timeout') return EXIT.timeout;
  if (end === 'fault' || end === 'lockup' || end === 'fail-text' || expectMissing) return EXIT.wrongResult;
  return EXIT.ok;
};

const tell = (outcome: ExecOutcome, { expect, fail, timeout, json }: ExecFlags): void => {
  const exitCode = exitCodeOf(outcome);
  if (exitCode === EXIT.ok) return;
  if (!json && outcome.output !== '' && !outcome.output.endsWith('\n')) note('');
  if (outcome.faultReport !== undefined) note(outcome.faultReport);
  throw new CommandError(reason(outcome, expect, fail, timeout), { exitCode });
};

const reason = (
  outcome: ExecOutcome,
  expect: string | undefined,
  fail: string | undefined,
  timeout: number,
): string => {
  const waited = expect === undefined ? '' : ` and "${expect}" never came`;
  switch (outcome.end) {
    case 'timeout':
      return `the program ran for ${timeout} s of emulated time${waited}; --timeout allows more`;
    case 'fail-text':
      return `the program printed "${fail}"`;
    case 'fault':
    case 'lockup':
      return `the program ended in a ${outcome.end}${waited}`;
    default:
      return `the program ended (${outcome.end})${waited}`;
  }
};
