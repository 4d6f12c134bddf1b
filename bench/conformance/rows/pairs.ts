/** Two masters on the bus at once: cycles of each, and the bus counters' count of contested accesses. */
import { timing } from '../../../emulator/timing/table.ts';
import { type Arbitration, type BusRequest, blockMoves, everyOtherCycle, lostCycles } from '../crossbar.ts';
import { type ConformanceRow, documentedRow, estimatedRow } from '../row.ts';

const SOURCE = 'DS 2.1.1: priority, then round-robin; one cycle for each lost grant';
const COUNTERS = 'DS 2.1.1.2';
const BLOCKS = 16;
const BLOCK_WORDS = 4;
const LOADS = 32;
const NOPS = 64;

const ldm = {
  alone: BLOCKS * (timing.loadMultiple + BLOCK_WORDS),
  on: (bank: number) => blockMoves(BLOCKS, BLOCK_WORDS, () => bank),
};
const ldr = { alone: LOADS * timing.load, on: (bank: number) => everyOtherCycle(LOADS, bank) };
const code = {
  alone: NOPS * timing.alu + 2 * timing.branchTaken,
  on: (port: number) => everyOtherCycle(NOPS / 2 + 1, port),
};
const striped = blockMoves(BLOCKS, BLOCK_WORDS, (word) => word % 4);

interface Side {
  alone: number;
  requests: BusRequest[];
}

/** Without conflicts the figures are documented; with them they hang on who was served last, which no document gives. */
function pair(name: string, core0: Side, core1: Side, rule?: Arbitration, sure = false): ConformanceRow[] {
  const [lost0, lost1] = lostCycles(
    [
      { id: 0, requests: core0.requests },
      { id: 1, requests: core1.requests },
    ],
    rule,
  );
  const row = sure ? sureRow : guessedRow;
  return [
    row(`pair.${name}-core0`, core0.alone + lost0, 'cycles'),
    row(`pair.${name}-core1`, core1.alone + lost1, 'cycles'),
    row(`pair.${name}-contested`, lost0 + lost1, 'accesses'),
  ];
}

function sureRow(name: string, expected: number, unit: ConformanceRow['unit']): ConformanceRow {
  return documentedRow(name, expected, expected, { source: unit === 'cycles' ? SOURCE : COUNTERS, unit });
}

function guessedRow(name: string, expected: number, unit: ConformanceRow['unit']): ConformanceRow {
  return estimatedRow(name, expected, unit === 'cycles' ? SOURCE : COUNTERS, {
    confidence: 'M',
    unit,
    note: 'both begin in the cycle after SEV, and core 0 was served last: neither is documented',
  });
}

const side = ({ alone, on }: typeof ldm, bank: number): Side => ({ alone, requests: on(bank) });

const dmaOnBank = lostCycles(
  [
    { id: 0, requests: ldm.on(0) },
    { id: 2, requests: [{ port: 0, after: 1 }], endless: true },
  ],
  { last: 2 },
);

/**
 * A poll takes four cycles (load, shift, branch), and four from the poll that sees a word to the answer. Core 1 polls in
 * the very cycle in which core 0 writes, and sees it, as core 0 acts first there.
 */
const roundTrip = (2 * timing.sio + timing.alu + timing.branchNotTaken) * 2 + timing.sio;

export const pairRows: ConformanceRow[] = [
  ...pair('ldm-same-bank', side(ldm, 0), side(ldm, 0)),
  ...pair('ldm-different-banks', side(ldm, 0), side(ldm, 1), {}, true),
  ...pair('ldm-striped', { alone: ldm.alone, requests: striped }, { alone: ldm.alone, requests: striped }),
  ...pair('stm-same-bank', side(ldm, 0), side(ldm, 0)),
  ...pair('ldr-same-bank', side(ldr, 0), side(ldr, 0)),
  ...pair('ldm-and-ldr-same-bank', side(ldm, 0), side(ldr, 0)),
  ...pair('ldm-core0-first', side(ldm, 0), side(ldm, 0), { high: [0] }),
  ...pair('ldm-core1-first', side(ldm, 0), side(ldm, 0), { high: [1] }),
  ...pair('code-same-bank', side(code, 0), side(code, 0)),
  ...pair('code-different-banks', side(code, 0), side(code, 1), {}, true),
  ...pair('code-xip-hit', side(code, 0), side(code, 0)),
  guessedRow('pair.ldm-dma-reads-bank', ldm.alone + dmaOnBank[0], 'cycles'),
  guessedRow('pair.ldm-dma-reads-bank-contested', dmaOnBank[0] + dmaOnBank[1], 'accesses'),
  sureRow('pair.ldm-dma-elsewhere', ldm.alone, 'cycles'),
  sureRow('pair.ldm-dma-elsewhere-contested', 0, 'accesses'),
  estimatedRow('sio.fifo-round-trip', roundTrip, 'none', {
    note: 'polled by both; 13 if a word shows only in the cycle after its write',
  }),
];
