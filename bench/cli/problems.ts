/**
 * Turns any error into what a person needs. Errors that a room of the house made for people keep their message; anything
 * else is a defect of ours and says so.
 */
import { BoardError } from '../board/board-error.ts';
import { LinkError, PortError } from '../link/index.ts';
import { ScenarioError } from '../target/scenario.ts';
import { CommandError, EXIT, type ExitCode } from './exit.ts';

export interface Explanation {
  message: string;
  hint?: string;
  /** Longer text to show before the message, such as a fault report. */
  details?: string;
  exitCode: ExitCode;
}

/** Errors of the other rooms by their `name`: comparing names keeps those rooms unloaded until they are needed. */
const INPUT_ERRORS = new Set([
  'ModelError',
  'TokenizerError',
  'UnknownCharacterError',
  'ProgramError',
  'UsageError',
  'CorpusError',
  'ScenarioFileError',
  'ProfileFileError',
  'RecordingError',
]);
const SETUP_ERRORS = new Set([
  'ToolchainError',
  'CompilerMissingError',
  'SdkMissingError',
  'DownloadError',
  'ReadOnlyFolderError',
  'BuildFailedError',
  'BaselineError',
  'ConformanceOutputError',
]);

const SYSTEM_REASONS: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'you may not read or write there',
  EPERM: 'you may not read or write there',
  EROFS: 'the folder is read-only',
  ENOSPC: 'the disk is full',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
};

export const explain = (error: unknown): Explanation => {
  if (error instanceof CommandError) {
    return { message: error.message, hint: error.hint, exitCode: error.exitCode };
  }
  if (error instanceof ScenarioError) return explainScenario(error);
  if (error instanceof PortError || error instanceof BoardError) {
    const { message, hint } = error;
    return { message, hint, exitCode: exitCodeOf(error) };
  }
  if (error instanceof LinkError) {
    const exitCode = error.code === 'timeout' ? EXIT.timeout : EXIT.wrongResult;
    return { message: `${error.code} on the link: ${error.message}`, exitCode };
  }
  if (!(error instanceof Error)) return { message: String(error), exitCode: EXIT.wrongResult };
  if (INPUT_ERRORS.has(error.name)) return { message: error.message, exitCode: EXIT.usage };
  if (SETUP_ERRORS.has(error.name)) return { message: error.message, exitCode: EXIT.wrongResult };
  const { code, path } = error as NodeJS.ErrnoException;
  const reason = code === undefined ? undefined : SYSTEM_REASONS[code];
  if (reason !== undefined && path !== undefined)
    return { message: `${path}: ${reason}`, exitCode: EXIT.usage };
  return {
    message: `unexpected: ${error.message}`,
    hint: 'This is a defect of starmind. STARMIND_DEBUG=1 shows where it happened.',
    exitCode: EXIT.wrongResult,
  };
};

/** Nothing was started: 2. It did not answer: 42. Anything else went wrong on the way: 1. */
const exitCodeOf = ({ code }: PortError | BoardError): ExitCode => {
  if (['no-library', 'no-port', 'denied', 'drive', 'not-recorded'].includes(code)) return EXIT.usage;
  return code === 'silent' || code === 'stalled' ? EXIT.timeout : EXIT.wrongResult;
};

const explainScenario = ({ failure, message, report }: ScenarioError): Explanation => {
  const exitCode = failure === 'input' ? EXIT.usage : failure === 'timeout' ? EXIT.timeout : EXIT.wrongResult;
  return { message, details: report, exitCode };
};
