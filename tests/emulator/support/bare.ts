/** Programs of a few instructions without SDK: a boot ROM that is only a vector table, and halfwords in SRAM. */
import { type CoreKind, Pico, type Program } from '../../../emulator/index.ts';

export const CODE = 0x20020000;
export const STACK_TOP = 0x20010000;

/** Every kind of core the tests run on. */
export const CORES: CoreKind[] = ['rp2040js', 'starmind'];

/** A boot ROM that only sends core 0 to `entry` and core 1 to sleep. NMI and HardFault are endless loops. */
export function vectorRom(entry = CODE + 1, sp = STACK_TOP): Uint8Array {
  const rom = new DataView(new ArrayBuffer(0x60));
  [sp, 0x41, 0x31, 0x31].forEach((word, i) => {
    rom.setUint32(4 * i, word, true);
  });
  rom.setUint16(0x30, LOOP, true);
  // ldr r0, =SIO; ldr r0, [r0] (CPUID); cmp r0, #0; bne park; ldr r0, =entry; bx r0; park: wfi; b park
  [0x4803, 0x6800, 0x2800, 0xd101, 0x4802, 0x4700, 0xbf30, 0xe7fd].forEach((half, i) => {
    rom.setUint16(0x40 + 2 * i, half, true);
  });
  rom.setUint32(0x50, 0xd0000000, true);
  rom.setUint32(0x54, entry, true);
  return new Uint8Array(rom.buffer);
}

/** Thumb instructions as halfwords; numbers in nested arrays are flattened. */
export function halfwords(...code: (number | number[])[]): Uint8Array {
  const flat = code.flat();
  const view = new DataView(new ArrayBuffer(2 * flat.length));
  flat.forEach((half, i) => {
    view.setUint16(2 * i, half, true);
  });
  return new Uint8Array(view.buffer);
}

export function bareProgram(...code: (number | number[])[]): Program {
  return { format: 'bin', segments: [{ address: CODE, data: halfwords(...code) }], symbols: [] };
}

export function barePico(core: CoreKind, ...code: (number | number[])[]): Pico {
  const pico = new Pico({ core, bootrom: vectorRom() });
  pico.load(bareProgram(...code));
  return pico;
}

export const movs = (rd: number, imm8: number) => 0x2000 | (rd << 8) | imm8;
export const adds = (rd: number, imm8: number) => 0x3000 | (rd << 8) | imm8;
export const subs = (rd: number, imm8: number) => 0x3800 | (rd << 8) | imm8;
export const lsls = (rd: number, rm: number, imm5: number) => (imm5 << 6) | (rm << 3) | rd;
export const str = (rt: number, rn: number, offset = 0) => 0x6000 | ((offset >> 2) << 6) | (rn << 3) | rt;
export const ldr = (rt: number, rn: number, offset = 0) => 0x6800 | ((offset >> 2) << 6) | (rn << 3) | rt;
export const strb = (rt: number, rn: number) => 0x7000 | (rn << 3) | rt;
export const ldrh = (rt: number, rn: number) => 0x8800 | (rn << 3) | rt;
export const push = (mask: number) => 0xb400 | mask;
export const pop = (mask: number) => 0xbc00 | mask;
export const LR = 0x100;
export const PC = 0x100;
export const bx = (rm: number) => 0x4700 | (rm << 3);
export const blx = (rm: number) => 0x4780 | (rm << 3);
export const bkpt = (imm8: number) => 0xbe00 | imm8;
export const udf = (imm8: number) => 0xde00 | imm8;
export const NOP = 0xbf00;
export const WFI = 0xbf30;
export const LOOP = 0xe7fe;
/** B to `offset` bytes from this instruction. */
export const b = (offset: number) => 0xe000 | (((offset - 4) >> 1) & 0x7ff);
export const bne = (offset: number) => 0xd100 | (((offset - 4) >> 1) & 0xff);
/** BL to `offset` bytes from this instruction. */
export function bl(offset: number): number[] {
  const imm = (offset - 4) >> 1;
  const sign = imm < 0 ? 1 : 0;
  const j1 = ((imm >> 22) & 1) === sign ? 1 : 0;
  const j2 = ((imm >> 21) & 1) === sign ? 1 : 0;
  return [0xf000 | (sign << 10) | ((imm >> 11) & 0x3ff), 0xd000 | (j1 << 13) | (j2 << 11) | (imm & 0x7ff)];
}

/** Any 32-bit constant, in 7 instructions. */
export function constant(rd: number, value: number): number[] {
  const byte = (n: number) => (value >>> (8 * n)) & 255;
  return [
    movs(rd, byte(3)),
    lsls(rd, rd, 8),
    adds(rd, byte(2)),
    lsls(rd, rd, 8),
    adds(rd, byte(1)),
    lsls(rd, rd, 8),
    adds(rd, byte(0)),
  ];
}
