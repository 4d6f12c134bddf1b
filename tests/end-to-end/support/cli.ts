/** The `starmind` command: in this process, which is quick, or in one of its own, as a person runs it. */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { vi } from 'vitest';
import { runCommandLine } from '../../../bench/cli/program.ts';

const STARMIND = fileURLToPath(new URL('../../../bin/starmind.mjs', import.meta.url));

export interface CommandResult {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

export type Environment = Record<string, string | undefined>;

/** Neither CI nor colours, unless a test says otherwise. */
const ENVIRONMENT: Environment = { CI: undefined, STARMIND_DEBUG: undefined, NO_COLOR: '1' };

/** A process whose stdout can be heard while it runs. */
export const startStarmind = (args: string[], env: Environment = {}) =>
  execa(process.execPath, [STARMIND, ...args], {
    reject: false,
    stdin: 'ignore',
    env: { ...ENVIRONMENT, ...env },
  });

export const starmindProcess = async (args: string[], env: Environment = {}): Promise<CommandResult> => {
  const { exitCode, stdout, stderr } = await startStarmind(args, env);
  return { exitCode, stdout, stderr };
};

export const starmind = async (args: string[], env: Environment = {}): Promise<CommandResult> => {
  const restore = setEnvironment({ ...ENVIRONMENT, ...env });
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)];
  const { exitCode } = process;
  process.exitCode = undefined;
  try {
    const code = await runCommandLine(args);
    return { exitCode: code, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    process.exitCode = exitCode;
    stdout.end();
    stderr.end();
    restore();
  }
};

const capture = (stream: NodeJS.WriteStream) => {
  const chunks: Buffer[] = [];
  const spy = vi.spyOn(stream, 'write').mockImplementation((chunk: string | Uint8Array) => {
    chunks.push(Buffer.from(chunk as Uint8Array));
    return true;
  });
  return { text: () => Buffer.concat(chunks).toString(), end: () => spy.mockRestore() };
};

const setEnvironment = (wanted: Environment): (() => void) => {
  const before = Object.keys(wanted).map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(wanted)) set(name, value);
  return () => {
    for (const [name, value] of before) set(name, value);
  };
};
