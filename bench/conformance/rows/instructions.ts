/** TRM table 3-1, from SRAM with nobody else on the bus. */
import { timing } from '../../../emulator/timing/table.ts';
import { type ConformanceRow, documentedRow, publishedRow } from '../row.ts';

const ALU_ROWS = [
  ...[
    'movs-imm',
    'mov-reg',
    'adds-imm',
    'adds-reg',
    'add-high',
    'adcs',
    'subs-imm',
    'subs-reg',
    'sbcs',
    'rsbs',
  ],
  ...['ands', 'orrs', 'eors', 'bics', 'mvns', 'lsls-imm', 'lsrs-imm', 'asrs-imm', 'lsls-reg', 'rors-reg'],
  ...['cmp-imm', 'cmp-reg', 'cmn', 'tst', 'sxtb', 'sxth', 'uxtb', 'uxth', 'rev', 'rev16', 'revsh'],
  ...['adr', 'add-sp-imm'],
];

const LOADS = [
  ...[
    'ldr-imm',
    'ldr-reg',
    'ldrh-imm',
    'ldrh-reg',
    'ldrb-imm',
    'ldrb-reg',
    'ldrsh',
    'ldrsb',
    'literal',
    'sp',
  ],
];
const STORES = ['str-imm', 'str-reg', 'strh-imm', 'strh-reg', 'strb-imm', 'strb-reg', 'sp'];

function multiple(name: string, registers: number): ConformanceRow {
  return documentedRow(name, timing.loadMultiple + registers, 1 + registers);
}

function popPc(name: string, registers: number): ConformanceRow {
  return documentedRow(name, timing.loadMultiple + registers + timing.popPc, 3 + registers);
}

const branches: ConformanceRow[] = [
  documentedRow('branch.b', timing.branchTaken, 2),
  documentedRow('branch.b-to-misaligned', timing.branchTaken, 2, { note: 'no extra cycle without waits' }),
  documentedRow('branch.b-backwards', 2 * timing.branchTaken, 4, { note: 'two branches' }),
  documentedRow('branch.cond-taken', timing.branchTaken, 2),
  documentedRow('branch.cond-not-taken', timing.branchNotTaken, 1),
  documentedRow('branch.bl', timing.branchLink, 3),
  documentedRow('branch.bx', timing.branchTaken, 2),
  documentedRow('branch.blx', timing.branchTaken, 2),
  documentedRow('branch.mov-pc', timing.branchTaken, 2),
  documentedRow('branch.add-pc', timing.branchTaken, 2),
  documentedRow('branch.bl-bx-lr', timing.branchLink + timing.branchTaken, 5),
];

const special: ConformanceRow[] = [
  ...['mrs', 'msr', 'dmb', 'dsb', 'isb'].map((name) => documentedRow(`special.${name}`, timing.special, 3)),
  ...['cps', 'nop', 'sev', 'yield'].map((name) => documentedRow(`special.${name}`, timing.alu, 1)),
  documentedRow('special.sev-wfe', timing.alu + timing.sleepInstruction, 3, { note: 'the event is there' }),
  documentedRow('special.wfi-pending', timing.sleepInstruction, 2, { note: 'an interrupt is pending' }),
];

const multiples: ConformanceRow[] = [
  ...[1, 2, 4, 5].map((n) => multiple(`multiple.ldm-${n}`, n)),
  documentedRow('multiple.ldm-no-writeback', timing.load + timing.loadMultiple + 4, 7, {
    note: 'and a literal load',
  }),
  ...[1, 2, 4, 7].map((n) => multiple(`multiple.stm-${n}`, n)),
  ...[1, 4, 8].map((n) => multiple(`stack.push-${n}`, n)),
  multiple('stack.push-lr', 1),
  multiple('stack.push-8-lr', 9),
  ...[1, 4, 6].map((n) => multiple(`stack.pop-${n}`, n)),
  popPc('stack.pop-pc', 1),
  popPc('stack.pop-2-pc', 3),
  popPc('stack.pop-6-pc', 7),
];

const published: ConformanceRow[] = [
  documentedRow('published.systick-read-twice', timing.ppb, 2, {
    source: 'measured on silicon, facts 3.1 row 1',
  }),
  documentedRow('published.busy-wait-pass', timing.alu + timing.branchTaken, 3, {
    source: 'SDK source comment, facts 3.1 row 9',
  }),
  publishedRow(
    'published.counting-loop',
    2 * timing.load + timing.store + 2 * timing.alu + timing.branchTaken,
    12,
    'Coridium, facts 3.2 row 22',
    'another program: 96 ms for a million passes of counting down, its code not published; ours keeps the counter in memory',
  ),
  publishedRow(
    'published.sio-toggle-loop',
    2 * timing.sio + 2 * timing.alu + timing.branchTaken,
    6,
    'Roy Longbottom, facts 3.1 row 6',
    'on and off in a C loop at 20.8 MHz: two stores, an addition, a comparison, a branch',
  ),
];

export const instructionRows: ConformanceRow[] = [
  ...ALU_ROWS.map((name) => documentedRow(`alu.${name}`, timing.alu, 1)),
  documentedRow('alu.sub-add-sp', 2 * timing.alu, 2, { note: 'two instructions' }),
  ...['muls', 'muls-large'].map((name) =>
    documentedRow(`alu.${name}`, timing.multiply, 1, { source: 'TRM table 3-1, DS 2.4.2' }),
  ),
  ...branches,
  ...special,
  ...LOADS.map((name) => documentedRow(`load.${name}`, timing.load, 2)),
  ...STORES.map((name) => documentedRow(`store.${name}`, timing.store, 2)),
  documentedRow('store.then-load', timing.store + timing.load, 4),
  ...multiples,
  ...published,
];
