/** Flash through the XIP cache and around it. The quad read of boot2_w25q080 takes 20 SCK cycles a word. */
import { memoryTiming } from '../../../emulator/timing/memory-rules.ts';
import { timing } from '../../../emulator/timing/table.ts';
import { type ConformanceRow, documentedRow, estimatedRow, publishedRow } from '../row.ts';

const { xipQuadWord, xipOverhead, xipBypassOverhead, xipFlush, xipStreamOverhead } = memoryTiming;
const HALF_LINE = 'PF 307: a miss fetches one word';
const COST = 'SCK cycles: DS 4.10; overhead: none';
const DIVIDERS = [2, 4];
const DATA_SCK = 8;

const missWait = (divider: number) => xipQuadWord * divider + xipOverhead;
const miss = (divider: number) => timing.load + missWait(divider);
const bypass = (divider: number) => timing.load + xipQuadWord * divider + xipBypassOverhead;

const divided: ConformanceRow[] = DIVIDERS.flatMap((divider) => [
  divider === 2
    ? publishedRow(
        'xip.load-bypass-div2',
        bypass(2),
        50,
        'oberon-rtk, facts 3.2 row 20; 40 is the floor in Klipper 6464, row 19',
        'about 400 ns at 125 MHz',
      )
    : estimatedRow('xip.load-bypass-div4', bypass(4), COST),
  estimatedRow(`xip.load-miss-div${divider}`, miss(divider), COST),
  estimatedRow(`xip.load-half-line-div${divider}`, miss(divider), `${COST}; ${HALF_LINE}`, {
    note: 'the other word of a line that is there: a miss of its own',
  }),
]);

const cached: ConformanceRow[] = [
  documentedRow('xip.load-after-miss', timing.load, 2, { source: 'DS 2.6.3' }),
  documentedRow('xip.no-allocate-hit', timing.load, 2, { source: 'DS 2.6.3.2: alias 0x11 looks up' }),
  estimatedRow('xip.ldm-4-misses', timing.loadMultiple + 4 + 4 * missWait(2), `${COST}; ${HALF_LINE}`),
  estimatedRow('xip.no-allocate-then-load', miss(2), COST, { note: 'alias 0x11 does not fill' }),
  estimatedRow('xip.no-lookup', bypass(2), COST, { note: 'alias 0x12 does not look up' }),
  estimatedRow('xip.cache-off', bypass(2), COST),
  documentedRow('xip.sram-load', timing.load, 2, { source: 'DS 2.6.3: single-cycle' }),
  documentedRow('xip.sram-store', timing.store, 2, { source: 'DS 2.6.3: single-cycle' }),
  estimatedRow(
    'xip.sram-store-then-load',
    timing.store + timing.load,
    'DS 2.6.3: one wait right after a write',
    {
      confidence: 'M',
      note: 'STR leaves a cycle between its address and the next, so a core alone never sees the wait',
    },
  ),
  estimatedRow('xip.flush', xipFlush + timing.xipRegister, 'DS 2.6.3.1: a bit over 1024', {
    note: 'store to FLUSH and the load that waits for it',
  }),
  documentedRow('xip.execute-hit', 2 * timing.branchTaken + 64 * timing.alu, 68, {
    source: 'DS 2.6.3, TRM table 3-1',
    note: '64 NOPs, BLX and BX',
  }),
  estimatedRow('xip.execute-miss', 2 * timing.branchTaken + 64 * timing.alu + 33 * missWait(2), COST, {
    note: 'the same, 33 words fetched from flash',
  }),
];

const bulk: ConformanceRow[] = [
  estimatedRow('xip.stream-word', xipQuadWord * 2 + xipStreamOverhead, 'ratio 2.5 in the vendor example', {
    confidence: 'M',
  }),
  documentedRow('ssi.direct-word', DATA_SCK * 2, 16, { source: 'DS 4.10: 8 SCK cycles of data' }),
];

const accesses = (name: string, expected: number, source: string, note: string) =>
  documentedRow(name, expected, expected, { source, note, unit: 'accesses' });

const counters: ConformanceRow[] = [
  accesses('xip.count-accesses', 24, 'DS 2.6.3.4', '8 rounds of 3 reads of two words of a line'),
  accesses('xip.count-hits', 22, 'DS 2.6.3.4, PF 307', 'each word misses once'),
  accesses('xip.two-way-hits', 22, 'DS 2.6.3: two ways', 'two lines of a set, each misses once'),
  estimatedRow('xip.three-way-hits', 0, 'replacement policy in no document', {
    unit: 'accesses',
    note: 'three lines of a set in turn: none hits when the least recently used is replaced',
  }),
];

export const flashRows: ConformanceRow[] = [...divided, ...cached, ...bulk, ...counters];
