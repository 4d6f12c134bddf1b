import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatFault, Pico, type Program } from '../../emulator/index.ts';
import {
  barePico,
  bareProgram,
  bkpt,
  bl,
  blx,
  bx,
  CODE,
  CORES,
  constant,
  halfwords,
  LOOP,
  LR,
  ldr,
  ldrh,
  lsls,
  movs,
  NOP,
  PC,
  pop,
  push,
  STACK_TOP,
  str,
  strb,
  udf,
  vectorRom,
} from './support/bare.ts';

type Code = (number | number[])[];

/** name, code, kind, faulting address, index of the faulting halfword */
const accesses: [string, Code, string, number | undefined][] = [
  ['a read from nothing', [constant(0, 0x30000000), ldr(1, 0)], 'unmapped-read', 0x30000000],
  ['a write to nothing', [constant(0, 0x60000000), str(1, 0)], 'unmapped-write', 0x60000000],
  ['a read behind the end of SRAM', [constant(0, 0x20042000), ldr(1, 0)], 'unmapped-read', 0x20042000],
  ['a word read at an odd halfword', [constant(0, 0x20000002), ldr(1, 0)], 'unaligned-access', 0x20000002],
  ['a halfword read at an odd byte', [constant(0, 0x20000001), ldrh(1, 0)], 'unaligned-access', 0x20000001],
  ['a word write at an odd byte', [constant(0, 0x20000003), str(1, 0)], 'unaligned-access', 0x20000003],
  ['a write to flash', [constant(0, 0x10000000), str(1, 0)], 'write-to-flash', 0x10000000],
  ['a byte write to flash', [constant(0, 0x10000000), strb(1, 0)], 'write-to-flash', 0x10000000],
];

const jumps: [string, Code, string, number][] = [
  ['a jump to nothing', [constant(0, 0x30000001), bx(0)], 'unmapped-fetch', 0x30000000],
  ['a jump into a peripheral', [constant(0, 0x40034001), bx(0)], 'fetch-from-peripheral', 0x40034000],
  ['a jump to an undefined instruction', [udf(3)], 'undefined-instruction', CODE],
  ['a breakpoint without a debugger', [bkpt(1)], 'breakpoint-instruction', CODE],
  ['IT, which ARMv6-M does not have', [0xbf08], 'undefined-instruction', CODE],
  ['a 32-bit instruction of ARMv7-M', [0xf8d0, 0x1000], 'undefined-instruction', CODE],
];

describe.each(CORES)('on the %s core a fault ends the run with its name', (core) => {
  test.each(accesses)('%s', (_name, code, kind, address) => {
    const pico = barePico(core, ...code, LOOP);
    const result = pico.run({ timeoutSeconds: 0.1 });
    expect(result.end).toBe('fault');
    expect(result.fault).toMatchObject({ kind, address, core: 0 });
    expect(result.fault?.registers['pc']).toBe(CODE + 2 * (code.flat().length - 1));
    expect(result.fault?.cycle).toBe(pico.cycles);
    expect(pico.run({ timeoutSeconds: 1 })).toMatchObject({ end: 'fault', cycles: result.cycles });
  });

  test.each(jumps)('%s', (_name, code, kind, pc) => {
    const { end, fault } = barePico(core, ...code, LOOP).run({ timeoutSeconds: 0.1 });
    expect(end).toBe('fault');
    expect(fault).toMatchObject({ kind, core: 0 });
    expect(fault?.registers['pc']).toBe(pc);
    expect(fault?.backtrace[0].address).toBe(pc);
  });

  test('a spinning program is ended by emulated time', () => {
    expect(barePico(core, LOOP).run({ timeoutSeconds: 0.01 })).toMatchObject({
      end: 'timeout',
      fault: undefined,
    });
  });

  test('an empty flash faults at once', () => {
    const pico = new Pico({ core, bootrom: vectorRom(0x10000101) });
    const { end, fault } = pico.run({ timeoutSeconds: 0.1 });
    expect(end).toBe('fault');
    // Without a second stage the flash is not even set up for reading; the stock core does not model that.
    expect(fault?.kind).toBe(core === 'starmind' ? 'flash-unreadable' : 'undefined-instruction');
  });

  test('a fault inside NMI is a lockup', () => {
    const table = constant(1, 0x20030000);
    const pico = barePico(
      core,
      table,
      constant(0, 0xe000ed08),
      str(1, 0), // VTOR
      constant(0, 0xe000ed04),
      movs(1, 1),
      lsls(1, 1, 31),
      str(1, 0), // ICSR: NMI pending
      LOOP,
    );
    const handler = 0x20030100;
    pico.writeMemory(0x20030008, Uint8Array.of(0x01, 0x01, 0x03, 0x20));
    pico.writeMemory(handler, halfwords(udf(1)));
    const { end, fault } = pico.run({ timeoutSeconds: 0.1 });
    expect(end).toBe('lockup');
    expect(fault).toMatchObject({ kind: 'undefined-instruction' });
    expect(fault?.registers['pc']).toBe(handler);
  });

  test('a boot ROM of zeros ends at once', () => {
    const pico = new Pico({ core, bootrom: new Uint8Array(64) });
    expect(['fault', 'lockup', 'timeout']).toContain(pico.run({ timeoutSeconds: 0.001 }).end);
  });

  test('after a reset the program runs again', () => {
    const pico = barePico(core, udf(0));
    expect(pico.run({ timeoutSeconds: 1 }).end).toBe('fault');
    pico.load(bareProgram(LOOP));
    expect(pico.fault).toBeUndefined();
    expect(pico.run({ cycle: 100 }).end).toBe('cycle');
  });
});

describe.each(CORES)('the stack guard on the %s core', (core) => {
  const recursion = [push(LR | 0x0f), ...bl(-2)];
  const range = { lowest: STACK_TOP - 0x400, top: STACK_TOP };

  test('ends a recursion without end where it leaves the stack', () => {
    const pico = barePico(core, ...recursion);
    pico.guardStacks({ core0: range });
    const { end, fault } = pico.run({ timeoutSeconds: 0.1 });
    expect(end).toBe('fault');
    expect(fault?.kind).toBe('stack-overflow');
    expect(fault?.address).toBe(range.lowest - 16);
  });

  test('sees a large frame jump over the guard', () => {
    const pico = barePico(core, constant(1, -0x2000 >>> 0), 0x448d, push(LR), LOOP);
    pico.guardStacks({ core0: range });
    const { fault } = pico.run({ timeoutSeconds: 0.1 });
    expect(fault?.kind).toBe('stack-overflow');
    expect(fault?.address).toBeLessThanOrEqual(STACK_TOP - 0x2000);
  });

  test('allows a change of stacks by MSR', () => {
    const pico = barePico(core, constant(0, 0x20008000), 0xf380, 0x8808, push(LR), LOOP);
    pico.guardStacks({ core0: range });
    expect(pico.run({ timeoutSeconds: 0.001 }).end).toBe('timeout');
  });

  test('can be switched off; then the stack runs through all memory', () => {
    const pico = barePico(core, ...recursion);
    pico.guardStacks({});
    const { fault } = pico.run({ timeoutSeconds: 1 });
    expect(fault?.kind).toBe('unmapped-write');
    expect(fault?.address).toBeLessThan(0x20000000);
  });

  test('takes the ranges from the symbols of the SDK linker script', () => {
    const program = bareProgram(...recursion);
    program.symbols = [
      { name: '__scratch_y_end__', address: STACK_TOP - 0x100, size: 0, kind: 'other' },
      { name: '__StackTop', address: STACK_TOP, size: 0, kind: 'other' },
    ];
    const pico = new Pico({ core, bootrom: vectorRom() });
    pico.load(program);
    expect(pico.run({ timeoutSeconds: 1 }).fault).toMatchObject({
      kind: 'stack-overflow',
      address: STACK_TOP - 13 * 20,
    });
  });
});

/** main calls outer, which calls inner through a pointer, which faults; each keeps LR on the stack. */
function callChain(): Program {
  const main = halfwords(push(LR), NOP, ...bl(0x3c), LOOP);
  const outer = halfwords(push(LR | 0x3), NOP, ...constant(3, CODE + 0x80 + 1), blx(3), pop(PC | 0x3));
  const inner = halfwords(push(LR | 0x7), ...bl(0x1e), udf(7));
  const leaf = halfwords(movs(0, 1), bx(14));
  return {
    format: 'bin',
    segments: [
      { address: CODE, data: main },
      { address: CODE + 0x40, data: outer },
      { address: CODE + 0x80, data: inner },
      { address: CODE + 0xa0, data: leaf },
    ],
    symbols: [
      { name: 'main', address: CODE, size: 0x40, kind: 'function' },
      { name: 'outer', address: CODE + 0x40, size: 0x40, kind: 'function' },
      { name: 'inner', address: CODE + 0x80, size: 0x20, kind: 'function' },
      { name: 'leaf', address: CODE + 0xa0, size: 0x20, kind: 'function' },
    ],
  };
}

describe.each(CORES)('a fault report on the %s core', (core) => {
  const faulted = () => {
    const pico = new Pico({ core, bootrom: vectorRom() });
    pico.load(callChain());
    const { fault } = pico.run({ timeoutSeconds: 0.1 });
    if (!fault) throw new Error('no fault');
    return { pico, fault };
  };

  test('tells who called whom, and not what has returned', () => {
    const { fault } = faulted();
    expect(fault.kind).toBe('undefined-instruction');
    expect(fault.backtrace.map((frame) => frame.function)).toEqual(['inner', 'outer', 'main']);
  });

  test('has the registers and the stack at the fault', () => {
    const { pico, fault } = faulted();
    expect(fault.registers).toEqual(pico.registers());
    expect(fault.stack.address).toBe(fault.registers['sp']);
    expect(fault.stack.words[0]).toBe(pico.readWord(fault.stack.address));
    expect(pico.fault?.stacks[0]).toMatchObject({ core: 0, stack: 'main', address: fault.registers['msp'] });
  });

  test('reads well', () => {
    const text = formatFault(faulted().fault);
    expect(text).toMatch(/^undefined-instruction on core 0 at cycle \d+, address 0x20020086\n/);
    expect(text).toContain('0. 0x20020086 inner');
    expect(text).toContain('2. 0x20020004 main');
    expect(text).toMatch(/pc 0x20020086/);
    expect(text).toMatch(/Stack at 0x2000ff/);
  });

  test('goes through an exception frame to what was interrupted', () => {
    const handler = halfwords(push(LR | 0x10), udf(1));
    const rom = vectorRom();
    new DataView(rom.buffer).setUint32(11 * 4, CODE + 0x41, true);
    const pico = new Pico({ core, bootrom: rom });
    pico.load({
      format: 'bin',
      segments: [
        { address: CODE, data: halfwords(push(LR), ...bl(0x1e), LOOP) },
        { address: CODE + 0x20, data: halfwords(push(LR), 0xdf00, pop(PC)) },
        { address: CODE + 0x40, data: handler },
      ],
      symbols: [
        { name: 'main', address: CODE, size: 0x20, kind: 'function' },
        { name: 'caller', address: CODE + 0x20, size: 0x20, kind: 'function' },
        { name: 'isr_svcall', address: CODE + 0x40, size: 0x20, kind: 'function' },
      ],
    });
    const { fault } = pico.run({ timeoutSeconds: 0.1 });
    expect(fault?.backtrace.map((frame) => frame.function)).toEqual(['isr_svcall', 'caller', 'main']);
  });

  test('names what the boot ROM refuses', () => {
    const name = 0x60;
    const rom = new Uint8Array(160);
    rom.set(vectorRom(0x81));
    rom.set(new TextEncoder().encode('no-boot2'), name);
    rom.set(halfwords(...constant(0, 0x46524d53), movs(1, name), bkpt(0x5a)), 0x80);
    const { end, fault } = new Pico({ core, bootrom: rom }).run({ timeoutSeconds: 0.1 });
    expect(end).toBe('fault');
    expect(fault?.kind).toBe('bootrom:no-boot2');
    expect(fault?.message).toMatch(/second stage/);
  });
});

test('random bytes as a program always end in a named way', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CORES), fc.uint8Array({ minLength: 2, maxLength: 64 }), (core, data) => {
      const pico = new Pico({ core, bootrom: vectorRom(), flashBytes: 4096 });
      pico.load({ format: 'bin', segments: [{ address: CODE, data }], symbols: [] });
      const { end, fault } = pico.run({ timeoutSeconds: 0.0005 });
      expect(['fault', 'lockup', 'timeout']).toContain(end);
      if (fault) expect(formatFault(fault)).toContain(fault.kind);
    }),
    { numRuns: 60 },
  );
});
