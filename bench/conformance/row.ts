/** What a row of the conformance table knows before anything is measured. */

/** Named rules of the timing table give `expected`; documents give `documented`. Neither is taken from a measurement. */
export interface ConformanceRow {
  /** As the device prints it: group, dot, what. */
  name: string;
  unit: 'cycles' | 'accesses' | 'kHz';
  /** Per repetition, from the timing table; null where compiled code is measured, which only running it can count. */
  expected: number | null;
  /** Per repetition, as a document or a published measurement on silicon gives it; null when none does. */
  documented: number | null;
  /** The document says "about", or measured with other code: a deviation is shown and is no failure. */
  approximate?: true;
  source: string;
  confidence: Confidence;
  /** How `expected` comes about, or why the row cannot be exact. */
  note?: string;
}

export type Confidence = 'H' | 'M' | 'L';

const TRM = 'TRM table 3-1';

interface Details {
  source?: string;
  confidence?: Confidence;
  note?: string;
  unit?: ConformanceRow['unit'];
}

/** A document gives exactly this figure. */
export function documentedRow(
  name: string,
  expected: number,
  documented: number,
  { source = TRM, confidence = 'H', note, unit = 'cycles' }: Details = {},
): ConformanceRow {
  return { name, unit, expected, documented, source, confidence, ...(note ? { note } : {}) };
}

/** No document gives a figure: the timing table's estimate, to be measured on a board. */
export function estimatedRow(
  name: string,
  expected: number,
  source: string,
  { confidence = 'L', note, unit = 'cycles' }: Details = {},
): ConformanceRow {
  return { name, unit, expected, documented: null, source, confidence, ...(note ? { note } : {}) };
}

/** Published from a board, with code that is not ours or a figure that is rounded. */
export function publishedRow(
  name: string,
  expected: number | null,
  published: number,
  source: string,
  note: string,
): ConformanceRow {
  return {
    name,
    unit: 'cycles',
    expected,
    documented: published,
    approximate: true,
    source,
    confidence: 'M',
    note,
  };
}
