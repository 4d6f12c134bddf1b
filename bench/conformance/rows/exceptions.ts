/** Exceptions and sleep. The first instruction of each handler reads SysTick. */
import { timing } from '../../../emulator/timing/table.ts';
import { type ConformanceRow, documentedRow, estimatedRow, publishedRow } from '../row.ts';

const ENTRY = 'TRM 3.6.1, DS 2.4.3.6.1';
const { exceptionEntry, exceptionReturn, tailChain, ppb, svc, branchTaken, loadMultiple, popPc, load } =
  timing;
/** PUSH and POP of a handler that saves one register more than LR. */
const PUSH_2 = loadMultiple + 2;

const entries: ConformanceRow[] = [
  ...['irq', 'pendsv', 'systick', 'nmi'].map((name) =>
    documentedRow(`exception.${name}-entry`, ppb + exceptionEntry, 17, {
      source: ENTRY,
      note: 'the store that makes it pending (2), then 15',
    }),
  ),
  documentedRow('exception.preempt', ppb + exceptionEntry, 17, {
    source: ENTRY,
    note: 'made pending inside a handler of lower priority',
  }),
  documentedRow('exception.late-arrival', ppb + exceptionEntry, 17, {
    source: `${ENTRY}: supported`,
    confidence: 'M',
    note: 'SysTick overtakes an interrupt that is being entered',
  }),
  documentedRow('exception.unmask-pending', timing.alu + exceptionEntry, 16, {
    source: ENTRY,
    confidence: 'M',
    note: 'CPSIE, then 15',
  }),
  estimatedRow('exception.svc-entry', svc + exceptionEntry, 'no figure for SVC'),
];

const others: ConformanceRow[] = [
  estimatedRow('exception.tail-chain', branchTaken + tailChain, 'none', {
    note: 'BX LR of one handler to the first instruction of the next',
  }),
  estimatedRow(
    'exception.tail-chain-total',
    ppb + exceptionEntry + 2 * (ppb + branchTaken) + tailChain + exceptionReturn + 2 * timing.alu,
    'none',
    { note: 'two interrupts at once, from the store to two NOPs after it' },
  ),
  estimatedRow('exception.return-bx', branchTaken + exceptionReturn, 'none'),
  estimatedRow('exception.return-pop', loadMultiple + 1 + popPc + exceptionReturn, 'none'),
  estimatedRow(
    'exception.svc-round-trip',
    svc + exceptionEntry + ppb + branchTaken + exceptionReturn,
    'none',
  ),
  estimatedRow('sleep.wfi-systick-wake', timing.wake, 'none', {
    note: 'SysTick zero to the next instruction, interrupts masked',
  }),
  publishedRow(
    'published.systick-wrap-to-handler',
    exceptionEntry + PUSH_2 + load + ppb - 2,
    22,
    'graeme-winter 2023-08-30, facts 3.1 row 2',
    'RELOAD less the count read; 22 is the sum of entry, PUSH and two loads, and the reload and the sample of the count each take one off',
  ),
];

export const exceptionRows: ConformanceRow[] = [...entries, ...others];
