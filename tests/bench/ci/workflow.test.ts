/** The workflow for users to copy asks the command line only for what there is. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../bench/cli/program.ts';

const WORKFLOW = readFileSync(new URL('../../../bench/ci/github-actions.yml', import.meta.url), 'utf8');
const asked = [...WORKFLOW.matchAll(/npx starmind (\S+)(.*)/g)].map(([, verb, rest]) => ({
  verb,
  options: [...rest.matchAll(/--[a-z-]+/g)].map(([option]) => option),
}));

describe('bench/ci/github-actions.yml', () => {
  it.each(asked)('asks for options that starmind $verb has', ({ verb, options }) => {
    const command = createProgram().commands.find((known) => known.name() === verb);
    const known = command?.options.map(({ long }) => long);
    for (const option of options) expect(known).toContain(option);
  });

  it('checks, and never updates', () => {
    expect(asked.map(({ verb }) => verb)).toEqual(['doctor', 'bench', 'diff']);
    expect(WORKFLOW).toContain('--check');
    expect(WORKFLOW).not.toContain('--update');
  });

  it('has no tabs and no rights but to read', () => {
    expect(WORKFLOW).not.toContain('\t');
    expect(WORKFLOW).toMatch(/permissions:\n {2}contents: read\n/);
  });
});
