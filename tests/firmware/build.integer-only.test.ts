import { beforeAll, describe, expect, test } from 'vitest';
import { type Program, readProgram } from '../../emulator/index.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { callsFrom } from './disassembly.ts';

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
  ...['run_part', 'attend', 'activate', 'scale', 'turn', 'find_largest', 'apply_gain', 'work'],
];

/** The compiler may have given a function of ours another name, `attend.constprop.0`. */
function theCopyOf(name: string): string {
  const found = program.symbols.find((s) => s.name === name || s.name.startsWith(`${name}.constprop`));
  return found?.name ?? name;
}

describe('the firmware', () => {
  test('links no soft-float routine at all', () => {
    const names = program.symbols.map(({ name }) => name);
    expect(names).toContain('sm_engine_step');
    expect(names.filter((name) => SOFT_FLOAT.test(name))).toEqual([]);
    // The pattern knows what it looks for.
    expect(
      ['__aeabi_fadd', '__wrap___aeabi_dmul', '__aeabi_i2f', '__addsf3', '__aeabi_cdcmple'].every((n) =>
        SOFT_FLOAT.test(n),
      ),
    ).toBe(true);
    expect(['__aeabi_uidiv', '__aeabi_lmul', 'sm_forward'].some((n) => SOFT_FLOAT.test(n))).toBe(false);
  });

  test('keeps everything that a token calls in SRAM, but for the portable kernels', () => {
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
    expect(leaving.filter((name) => !name.includes('_portable_'))).toEqual([]);
    expect([...reached.entries()].filter(([, address]) => address >>> 28 !== 2)).toEqual([]);
  });

  test('leaves the arena the 228 KB that models are planned for', () => {
    const arena = program.symbols.find(({ name }) => name === 'arena');
    expect(arena?.size).toBe(233_472);
    expect(arena!.address % 16).toBe(0);
  });
});
