/** Loads and stores to every kind of place. */
import { timing } from '../../../emulator/timing/table.ts';
import { type ConformanceRow, documentedRow, estimatedRow } from '../row.ts';

const FABRIC = 'DS 2.1: no wait states';
const SIO = 'TRM table 3-1, DS 2.3.1';
const APB = 'DS 2.1.3, measured by others';
const INTERPOSER = 'DS 2.1.2';

const memory: ConformanceRow[] = [
  ...['load-striped', 'load-unstriped', 'load-sram4', 'load-sram5'].map((name) =>
    documentedRow(`sram.${name}`, timing.load, 2, { source: FABRIC }),
  ),
  ...['store-striped', 'store-unstriped', 'store-sram4'].map((name) =>
    documentedRow(`sram.${name}`, timing.store, 2, { source: FABRIC }),
  ),
  documentedRow('rom.load', timing.load, 2, { source: FABRIC }),
  documentedRow('xip.load-hit', timing.load, 2, { source: 'DS 2.6.3: hits in a single cycle' }),
];

const sio: ConformanceRow[] = [
  ...['load', 'store', 'store-byte', 'fifo-status', 'interp-pop', 'divider-csr'].map((name) =>
    documentedRow(`sio.${name}`, timing.sio, 1, { source: SIO }),
  ),
  documentedRow('sio.spinlock-claim-release', 2 * timing.sio, 2, { source: SIO }),
  documentedRow('sio.interp-accumulate-peek', 2 * timing.sio, 2, { source: `${SIO}, 2.3.1.6` }),
  ...['ldm-4', 'stm-4'].map((name) =>
    estimatedRow(`sio.${name}`, timing.load + timing.loadMultiple + 4 * timing.sioMultiple, 'none', {
      note: 'and a literal load; LDM and STM on the IOPORT are in no document',
    }),
  ),
  documentedRow('sio.divide-inline', 4 * timing.sio + 4 * timing.branchTaken, 12, {
    source: 'DS 2.3.1.5',
    note: 'two operands, eight cycles of branches, two results',
  }),
  documentedRow('sio.divider-shortest-wait', timing.divider, 8, {
    source: 'DS 2.3.1.5',
    note: 'cycles between the divisor and a right quotient',
  }),
  documentedRow(
    'published.hw-divider-divmod',
    timing.branchTaken + timing.load + 4 * timing.sio + 4 * timing.branchTaken + timing.branchTaken,
    18,
    { source: 'SDK source, facts 3.1 row 10', confidence: 'M', note: '16 and BLX; the published row has BL' },
  ),
];

const ppb: ConformanceRow[] = ['load-systick', 'load-nvic', 'load-vtor', 'store-nvic'].map((name) =>
  documentedRow(`ppb.${name}`, timing.ppb, 2, { source: 'TRM table 3-1, facts 3.1 row 1' }),
);

const apb: ConformanceRow[] = [
  ...['sysinfo', 'timer', 'watchdog', 'uart', 'spi', 'i2c'].map((block) =>
    documentedRow(`apb.load-${block}`, timing.apbLoad, 4, { source: APB, confidence: 'M' }),
  ),
  ...['store-watchdog', 'store-uart', 'store-byte', 'xor-alias', 'set-alias', 'clear-alias'].map((name) =>
    documentedRow(`apb.${name}`, timing.apbStore, 5, { source: APB, confidence: 'M' }),
  ),
  ...['xor-alias-uart', 'set-alias-uart', 'clear-alias-uart', 'set-alias-spi', 'set-alias-i2c'].map((name) =>
    documentedRow(`apb.${name}`, timing.apbStore + timing.atomicInterposer, 7, {
      source: `${INTERPOSER}: 2 more`,
      confidence: 'M',
    }),
  ),
  documentedRow('apb.store-then-load', timing.apbStore + timing.apbLoad, 9, { source: APB, confidence: 'M' }),
];

const others: ConformanceRow[] = [
  ...[
    'load-dma',
    'load-pio',
    'load-usb-dpram',
    'store-dma',
    'store-pio',
    'store-usb-dpram',
    'set-alias-dma',
  ].map((name) =>
    documentedRow(`fastperi.${name}`, timing.fastPeripheral, 2, {
      source: 'DS 2.1: AHB-Lite, no wait states',
    }),
  ),
  estimatedRow('xip-control.load', timing.xipRegister, 'none'),
  estimatedRow('xip-control.store', timing.xipRegisterStore, 'none'),
  estimatedRow('ssi.load', timing.xipRegister, 'none'),
  estimatedRow('ssi.store', timing.xipRegisterStore, 'none'),
  estimatedRow('ssi.set-alias', timing.xipRegisterStore + timing.atomicInterposer, 'DS 2.1.2', {
    note: '2 more than a store is documented, the store is not',
  }),
];

export const targetRows: ConformanceRow[] = [...memory, ...sio, ...ppb, ...apb, ...others];
