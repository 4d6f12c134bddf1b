/** The matchers' verdicts: plain functions from what was run to pass or fail, with the facts in the message. */
import { firstDifference } from '../gate/gate.ts';
import type { PicoRun } from './pico.ts';
import type { ScenarioRun } from './scenario.ts';

export interface Verdict {
  pass: boolean;
  /** Said when the assertion fails: of `expect(...)` when pass is false, of `expect(...).not` when it is true. */
  message: () => string;
}

/** Cycles that a run may take; exactly, or within bounds. */
export type CycleBudget =
  | number
  | {
      atMost?: number;
      atLeast?: number;
      /** The bounds are for each token instead of for all together; scenarios only. */
      perToken?: boolean;
    };

const verdict = (pass: boolean, fails: string, passes: string): Verdict => ({
  pass,
  message: () => (pass ? passes : fails),
});

/** The generated text contains this, or is matched by it. */
export const toGenerate = (run: ScenarioRun, expected: string | RegExp): Verdict => {
  needs(run, 'scenario', 'toGenerate');
  const pass = typeof expected === 'string' ? run.text.includes(expected) : expected.test(run.text);
  return verdict(
    pass,
    `the story does not contain ${show(expected)}:\n${run.text}`,
    `the story contains ${show(expected)}:\n${run.text}`,
  );
};

/** Tokens and logits are the integer reference's, bit for bit. */
export const toMatchReference = (run: ScenarioRun): Verdict => {
  needs(run, 'scenario', 'toMatchReference');
  const { tokens, logits, reference } = run;
  const wrongLogits = reference.logits.findIndex(
    (values, i) => logits[i] === undefined || firstDifference(values, logits[i]) !== undefined,
  );
  const wrongToken = firstDifference(reference.tokens, tokens);
  if (wrongLogits >= 0 && (wrongToken === undefined || wrongLogits <= wrongToken)) {
    const element = firstDifference(reference.logits[wrongLogits], logits[wrongLogits] ?? []);
    const actual = logits[wrongLogits]?.[element as number];
    return verdict(
      false,
      `logit ${element} of token ${wrongLogits} is ${actual}, and the reference's ${reference.logits[wrongLogits][element as number]}; starmind diff finds the tensor`,
      '',
    );
  }
  return verdict(
    wrongToken === undefined,
    `token ${wrongToken} is ${tokens[wrongToken as number]}, and the reference's ${reference.tokens[wrongToken as number]}`,
    'every token and logit is the reference’s',
  );
};

/** @param compare stores or compares the baseline, and throws when it differs; for a call without a budget */
export const toTakeCycles = (
  run: ScenarioRun | PicoRun,
  budget: CycleBudget | undefined,
  compare: (baseline: unknown) => void,
): Verdict => {
  needs(run, 'any', 'toTakeCycles');
  if (budget === undefined) return againstBaseline(run, compare);
  if (typeof budget === 'number') {
    const difference = run.cycles - budget;
    return verdict(
      difference === 0,
      `it took ${run.cycles} cycles, ${Math.abs(difference)} ${difference > 0 ? 'more' : 'less'} than ${budget}`,
      `it took ${budget} cycles`,
    );
  }
  return withinBounds(run, budget);
};

const againstBaseline = (run: ScenarioRun | PicoRun, compare: (baseline: unknown) => void): Verdict => {
  const { cycles } = run;
  try {
    compare(run.kind === 'scenario' ? { cycles, cyclesPerToken: run.cyclesPerToken } : { cycles });
  } catch (error) {
    const reason = (error as Error).message;
    return verdict(false, `the cycles are not those of the baseline (vitest -u accepts them): ${reason}`, '');
  }
  return verdict(true, '', 'the cycles are those of the baseline');
};

const withinBounds = (
  run: ScenarioRun | PicoRun,
  { atMost = Number.POSITIVE_INFINITY, atLeast = 0, perToken }: Exclude<CycleBudget, number>,
): Verdict => {
  if (perToken && run.kind !== 'scenario')
    throw new TypeError('toTakeCycles({ perToken }) is for what scenario() gives');
  const counts = perToken ? (run as ScenarioRun).cyclesPerToken : [run.cycles];
  const outside = counts.findIndex((count) => count > atMost || count < atLeast);
  const what = perToken ? `token ${outside}` : 'it';
  const bounds = `${atLeast} to ${atMost}`;
  return verdict(
    outside < 0,
    `${what} took ${counts[outside]} cycles; allowed are ${bounds}`,
    `the cycles are within ${bounds}`,
  );
};

/** The run ended in a fault; of this kind, when one is given. */
export const toFault = (run: PicoRun, kind?: string): Verdict => {
  needs(run, 'pico', 'toFault');
  const pass = run.fault !== undefined && (kind === undefined || run.fault === kind);
  const happened =
    run.fault === undefined ? `no fault; the run ended with "${run.end}"` : `the fault ${run.fault}`;
  return verdict(
    pass,
    `expected ${kind ?? 'a fault'}, and there was ${happened}`,
    run.faultReport ?? 'it faulted',
  );
};

/** UART0 printed this, or something that is matched by it. */
export const toPrint = (run: PicoRun, expected: string | RegExp): Verdict => {
  needs(run, 'pico', 'toPrint');
  const pass = typeof expected === 'string' ? run.output.includes(expected) : expected.test(run.output);
  const ending = run.faultReport === undefined ? '' : `\n${run.faultReport}`;
  return verdict(
    pass,
    `it did not print ${show(expected)}; it printed:\n${run.output}${ending}`,
    `it printed ${show(expected)}:\n${run.output}`,
  );
};

const show = (expected: string | RegExp): string =>
  typeof expected === 'string' ? `"${expected}"` : String(expected);

const needs = (run: { kind?: string }, kind: 'scenario' | 'pico' | 'any', matcher: string): void => {
  const known = run?.kind === 'scenario' || run?.kind === 'pico';
  if (known && (kind === 'any' || run.kind === kind)) return;
  const makers = kind === 'any' ? 'scenario() or pico()' : `${kind}()`;
  throw new TypeError(`${matcher} is for what ${makers} gives; await it first`);
};
