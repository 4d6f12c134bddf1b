/** Thumb assembly to bytes, by the GNU assembler, kept by content so that each snippet is assembled once. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';

const CACHE = new URL('../../../.cache/assemble/', import.meta.url).pathname;
const PREAMBLE = '.syntax unified\n.cpu cortex-m0plus\n.thumb\n';

/** @param address where the code will lie; absolute branches and literals are resolved for it */
export function assemble(source: string, address = 0x20000000): Uint8Array {
  const text = `${PREAMBLE}${source}\n`;
  const key = createHash('sha256').update(text).update(String(address)).digest('hex').slice(0, 24);
  const bin = `${CACHE}${key}.bin`;
  if (!existsSync(bin)) {
    mkdirSync(CACHE, { recursive: true });
    const stem = `${CACHE}${key}.${process.pid}`;
    execFileSync('arm-none-eabi-as', ['-mcpu=cortex-m0plus', '-o', `${stem}.o`, '-'], { input: text });
    execFileSync('arm-none-eabi-ld', [
      `-Ttext=0x${address.toString(16)}`,
      '-e',
      '0',
      '-o',
      `${stem}.elf`,
      `${stem}.o`,
    ]);
    execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', '-j', '.text', `${stem}.elf`, `${stem}.bin`]);
    renameSync(`${stem}.bin`, bin);
  }
  return new Uint8Array(readFileSync(bin));
}
