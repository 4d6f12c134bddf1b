import { beforeAll, describe, expect, test } from 'vitest';
import { type Program, readProgram } from '../../emulator/index.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { callersOf, callsFrom } from './disassembly.ts';

let program: Program;

beforeAll(async () => {
  program = readProgram((await buildFirmware()).elf);
});

/** Arithmetic on floats and doubles of the ARM run-time ABI, libgcc and the SDK's wrappers. */
const SOFT_FLOAT =
  /^(__wrap_)?__(aeabi_(c?[fd]|i2[fd]|ui2[fd]|u?l2[fd])|(add|sub|mul|div|neg|cmp|eq|ne|lt|le|gt|ge)[sd]f|fix|float|extendsf|truncdf)/;

/** Kernels, and what both cores run. */
const CALLED_BY_POINTER = [
  ...['sm_matvec_int8_m0', 'sm_matvec_int4_m0', 'sm_matvec_int4g32_m0'],
  ...['run_tiles', 'on_dma', 'sm_stream_begin', 'sm_stream_end'],
  ...['run_part', 'attend', 'activate', 'scale', 'turn', 'find_largest', 'apply_gain', 'work'],
];

/** The compiler may have given a function of ours another name, `attend.constprop.0`. */
function theCopyOf(name: string): string {
  const found = program.symbols.find((s) => s.name === name || s.name.startsWith(`${name}.constprop`));
  return found?.name ?? name;
}

describe('the firmware', () => {
  test('calls soft-float routines from the float path alone', () => {
    const isSoftFloat = (name: string) => SOFT_FLOAT.test(name);
    expect(program.symbols.some(({ name }) => isSoftFloat(name))).toBe(true);
    const floatPath = callsFrom(program, ['sm_single_layers', 'sm_single_output']);
    const callers = callersOf(program, isSoftFloat).filter((name) => !isSoftFloat(name));
    expect(callers).toContain('sm_single_output');
    expect(callers.filter((name) => !floatPath.has(name))).toEqual([]);
    // The pattern knows what it looks for.
    expect(
      ['__aeabi_fadd', '__wrap___aeabi_dmul', '__aeabi_i2f', '__addsf3', '__aeabi_cdcmple'].every(
        isSoftFloat,
      ),
    ).toBe(true);
    expect(['__aeabi_uidiv', '__aeabi_lmul', 'sm_forward'].some(isSoftFloat)).toBe(false);
  });

  test('keeps everything that a token calls in SRAM, but for the portable kernels and the float path', () => {
    const reached = callsFrom(program, [
      'sm_engine_step',
      'sm_engine_forward',
      'sm_engine_logits',
      'sm_phase_mark',
      ...CALLED_BY_POINTER.map((name) => theCopyOf(name)),
    ]);
    expect(reached.size).toBeGreaterThan(15);
    // The linker's way out of SRAM.
    const leaving = [...reached.keys()].filter((name) => name.endsWith('_veneer'));
    expect(leaving.filter((name) => !/_portable_|_single_/.test(name))).toEqual([]);
    expect([...reached.entries()].filter(([, address]) => address >>> 28 !== 2)).toEqual([]);
  });

  test('leaves the arena the 228 KB that models are planned for', () => {
    const arena = program.symbols.find(({ name }) => name === 'arena');
    expect(arena?.size).toBe(233_472);
    expect(arena!.address % 16).toBe(0);
  });
});
