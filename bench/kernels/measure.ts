/** Measures every kernel on the emulated chip: whole calls, counted from the first instruction to the return. */
import { buildM0 } from '../../firmware/host/build-m0.ts';
import { ChipProgram } from '../../firmware/host/chip-program.ts';
import { Rng } from '../../models/reference/rng.ts';
import { type KernelCase, kernelCases, type MatvecCase, type PassCase } from './cases.ts';
import { MATVEC_FLOORS, passFloor } from './floors.ts';
import { bytesPerWeight, runMatvec } from './matvec.ts';
import { PASSES } from './passes.ts';

export interface KernelMeasurement {
  name: string;
  /** Bits of a weight, or of a cached key or value; 0 for passes over intermediate values. */
  weightBits: number;
  rows: number;
  columns: number;
  /** Cycles of one call. */
  cycles: number;
  /** All-in: the call's cycles over rows x columns. */
  cyclesPerMac: number;
  /** The inner step alone, in the same unit. */
  floor: number;
  /** Including scales and padding; 0 where there are no weights. */
  bytesPerWeight: number;
  /** Of the kernel itself, without what it shares with others. */
  codeBytes: number;
}

const SEED = 1;

interface Programs {
  fast: ChipProgram;
  portable: ChipProgram;
}

/** @throws when there is no arm-none-eabi-gcc */
export const measureKernels = async (
  onCase: (done: number, of: number) => void = () => {},
): Promise<KernelMeasurement[]> => {
  const programs: Programs = {
    fast: new ChipProgram(await buildM0({ kernels: true })),
    portable: new ChipProgram(await buildM0({ kernels: false })),
  };
  const cases = kernelCases();
  return cases.map((one, i) => {
    onCase(i, cases.length);
    return measure(programs, one);
  });
};

const measure = (programs: Programs, one: KernelCase): KernelMeasurement => {
  const measured = one.kind === 'matvec' ? measureMatvec(programs, one) : measurePass(programs.fast, one);
  const { name, rows, columns } = one;
  return { name, rows, columns, cyclesPerMac: measured.cycles / (rows * columns), ...measured };
};

type Measured = Omit<KernelMeasurement, 'name' | 'rows' | 'columns' | 'cyclesPerMac'>;

const measureMatvec = (programs: Programs, { format, portable, rows, columns }: MatvecCase): Measured => {
  const program = portable ? programs.portable : programs.fast;
  return {
    weightBits: format === 'int8' ? 8 : 4,
    cycles: runMatvec(program, new Rng(SEED), format, rows, columns),
    floor: MATVEC_FLOORS[format],
    bytesPerWeight: bytesPerWeight(format, rows, columns),
    codeBytes: program.codeBytes(kernelOf(format, portable, columns)),
  };
};

/** As kernels/matvec.c chooses: int4 has one of its own for four and eight columns. */
const kernelOf = (format: string, portable: boolean, columns: number): string =>
  portable
    ? `sm_matvec_${format}_portable`
    : format === 'int4' && (columns === 4 || columns === 8)
      ? 'sm_matvec_few_m0'
      : `sm_matvec_${format}_m0`;

const measurePass = (program: ChipProgram, { name, rows, columns }: PassCase): Measured => {
  const { symbol, bits, run } = PASSES[name];
  program.clear();
  return {
    weightBits: bits,
    cycles: run({ program, rng: new Rng(SEED), rows, columns }),
    floor: passFloor(name, columns),
    bytesPerWeight: bits / 8,
    codeBytes: program.codeBytes(symbol),
  };
};
