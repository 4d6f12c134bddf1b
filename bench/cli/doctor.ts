/** `starmind doctor`: what is installed, what is missing, and the command that gets it. */
import type { Command } from 'commander';
import type { Check, Examination } from '../doctor/examine.ts';
import { EXIT } from './exit.ts';
import { painterFor, print } from './terminal.ts';

export const DOCTOR_SCHEMA = 'starmind-doctor/1';

export const addDoctor = (program: Command): Command =>
  program
    .command('doctor')
    .summary('say what is installed, what is missing, and how to get it')
    .description(
      'Looks for every program that starmind can use and changes nothing. Exits with 1 when something is missing ' +
        'without which the firmware cannot be built.',
    )
    .option('--json', 'print one JSON object')
    .action(doctor);

const doctor = async ({ json }: { json?: boolean }): Promise<void> => {
  const { examine } = await import('../doctor/examine.ts');
  const examination = await examine();
  if (json) print(`${JSON.stringify({ schema: DOCTOR_SCHEMA, ...examination })}\n`);
  else for (const line of doctorLines(examination)) print(`${line}\n`);
  if (!examination.healthy) process.exitCode = EXIT.wrongResult;
};

export const doctorLines = ({ checks, healthy, install }: Examination): string[] => {
  const paint = painterFor(process.stdout);
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap((check) => {
    const { name, state, required, version, path } = check;
    const style = state === 'ok' ? 'green' : required ? 'red' : 'yellow';
    const known = [version, path].filter((part) => part !== undefined).join('  ');
    return [
      `${paint(style, state.padEnd(8))}  ${name.padEnd(width)}  ${known || why(check)}`,
      ...remedy(check),
    ];
  });
  const verdict = healthy ? 'All that is required is here.' : 'Something required is missing.';
  return [...lines, '', verdict, ...(install === undefined ? [] : [`All missing programs:  ${install}`])];
};

const why = ({ neededFor, required }: Check): string => `${required ? 'required' : 'only'} for ${neededFor}`;

const remedy = ({ state, remedy: text }: Check): string[] =>
  state === 'ok' || text === undefined ? [] : [`          ${text}`];
