/**
 * Every timing rule of the emulated RP2040 as data: value, unit, where it comes from, and how far it can be trusted.
 * Confidence: H = vendor document or repeatable silicon evidence; M = one credible statement, or derived from H;
 * L = no document gives it; the value is an estimate inside `range`, to be calibrated on a board.
 *
 * DS = RP2040 datasheet, TRM = Arm Cortex-M0+ r0p1 TRM (DDI 0484C).
 *
 * The rules of TRM table 3-1 are fixed by the document and stand as literals in the interpreter, for speed;
 * tests/emulator/core.timing.test.ts holds the two together. Everything else is read from here.
 */

/** Carried by every cycle report; raised whenever a value or a rule changes. */
export const TIMING_VERSION = 1;

export interface TimingRule {
  name: string;
  value: number;
  unit: 'cycles' | 'cycles/word' | 'SCK cycles' | 'clk_sys/SCK';
  source: string;
  confidence: 'H' | 'M' | 'L';
  /** Lowest and highest plausible value, for rules that no document fixes. */
  range?: [number, number];
  note: string;
}

type RuleBody = Omit<TimingRule, 'name'>;

function cycles(
  value: number,
  source: string,
  confidence: TimingRule['confidence'],
  note: string,
  range?: [number, number],
): RuleBody {
  return { value, unit: 'cycles', source, confidence, note, ...(range ? { range } : {}) };
}

const RULES = {
  alu: cycles(1, 'TRM table 3-1', 'H', 'data processing on registers'),
  multiply: cycles(1, 'TRM table 3-1, DS 2.4.2', 'H', 'MULS; the RP2040 has the fast multiplier'),
  branchTaken: cycles(2, 'TRM table 3-1', 'H', 'B, B<cond> taken, BX, BLX, MOV PC, ADD PC'),
  branchNotTaken: cycles(1, 'TRM table 3-1', 'H', 'B<cond> not taken'),
  branchLink: cycles(3, 'TRM table 3-1', 'H', 'BL'),
  special: cycles(3, 'TRM table 3-1', 'H', 'MRS, MSR, DMB, DSB, ISB'),
  sleepInstruction: cycles(2, 'TRM table 3-1', 'H', 'WFE and WFI, without the time asleep'),
  wake: cycles(0, 'none', 'L', 'from the waking event to the next instruction or exception entry', [0, 4]),
  load: cycles(2, 'TRM table 3-1', 'H', 'LDR of any width from a zero-wait AHB port'),
  store: cycles(2, 'TRM table 3-1', 'H', 'STR of any width to a zero-wait AHB port'),
  loadMultiple: cycles(1, 'TRM table 3-1', 'H', 'LDM, STM, PUSH, POP: this plus one for each register'),
  popPc: cycles(2, 'TRM table 3-1', 'H', 'added to POP when it loads PC (3 + N in all)'),
  sio: cycles(1, 'TRM table 3-1, DS 2.3.1', 'H', 'load or store on the single-cycle IOPORT'),
  sioMultiple: cycles(1, 'none', 'L', 'each register of LDM or STM on the IOPORT', [1, 1]),
  ppb: cycles(2, 'TRM table 3-1; SysTick read twice differs by 2 on silicon', 'H', 'SysTick, NVIC, SCB'),
  ppbSample: cycles(1, 'none', 'L', 'from the start of a PPB access to its effect', [0, 1]),
  apbLoad: cycles(4, 'DS 2.1.3, measured by others', 'M', 'LDR from an APB peripheral'),
  apbStore: cycles(5, 'DS 2.1.3, measured by others', 'M', 'STR to an APB peripheral'),
  apbReadBusy: cycles(3, 'DS 2.1.3', 'H', 'the APB bridge is busy for a read'),
  apbWriteBusy: cycles(4, 'DS 2.1.3', 'H', 'the APB bridge is busy for a write'),
  atomicInterposer: cycles(2, 'DS 2.1.2', 'H', 'XOR, SET and CLR aliases of UART, SPI, I2C and SSI'),
  fastPeripheral: cycles(2, 'DS 2.1', 'H', 'LDR or STR on the AHB-Lite peripherals: PIO, USB, DMA, XIP_AUX'),
  xipRegister: cycles(4, 'none', 'L', 'LDR from XIP_CTRL and SSI registers', [2, 6]),
  xipRegisterStore: cycles(5, 'none', 'L', 'STR to XIP_CTRL and SSI registers', [2, 6]),
  xipSramWriteRead: cycles(
    1,
    'DS 2.6.3',
    'H',
    'extra wait of a read right after a write, cache used as SRAM',
  ),
  exceptionEntry: cycles(
    15,
    'TRM 3.6.1, DS 2.4.3.6.1',
    'H',
    'from the boundary to the first instruction of the handler',
  ),
  exceptionStackAt: cycles(2, 'none', 'L', 'into entry, the first of eight stack writes', [1, 3]),
  exceptionVectorAt: cycles(
    11,
    'none',
    'L',
    'into entry, the vector read: last moment for a late arrival',
    [9, 12],
  ),
  exceptionReturn: cycles(
    10,
    'none',
    'L',
    'eight pops and refetch, after the BX or POP that starts it',
    [8, 13],
  ),
  tailChain: cycles(
    6,
    'none',
    'L',
    'from the end of one handler to the first instruction of the next',
    [4, 10],
  ),
  svc: cycles(1, 'none', 'L', 'SVC before its exception entry', [1, 2]),
  divider: cycles(8, 'DS 2.3.1.5', 'H', 'hardware divider, in the background'),
} satisfies Record<string, RuleBody>;

export type TimingName = keyof typeof RULES;

/** All rules, in the order of the table. */
export const timingTable: readonly TimingRule[] = Object.entries(RULES).map(([name, rule]) => ({
  name,
  ...(rule as RuleBody),
}));

/** Just the numbers, for the code that counts. Change one (calibration) before the chip is constructed. */
export const timing: Record<TimingName, number> = Object.fromEntries(
  timingTable.map((rule) => [rule.name, rule.value]),
) as Record<TimingName, number>;
