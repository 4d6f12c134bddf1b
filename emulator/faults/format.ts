/** A fault report as lines for people. */
import { hex } from '../hex.ts';
import type { FaultReport } from '../types.ts';

const REGISTERS_PER_LINE = 4;
const STACK_WORDS_SHOWN = 16;
const STACK_WORDS_PER_LINE = 4;

/** A fault as text for a terminal: cause, backtrace, registers and stack. */
export function formatFault(report: FaultReport): string {
  const where = report.address === undefined ? '' : `, address ${hex(report.address)}`;
  return [
    `${report.kind} on core ${report.core} at cycle ${report.cycle}${where}`,
    `  ${report.message}`,
    '',
    'Called from (innermost first):',
    ...report.backtrace.map(
      (frame, i) =>
        `  ${i}. ${hex(frame.address)} ${frame.function ?? '(no name)'}${frame.source ? `  ${frame.source}` : ''}`,
    ),
    '',
    'Registers:',
    ...registerLines(report.registers),
    '',
    `Stack at ${hex(report.stack.address)}:`,
    ...stackLines(report),
  ].join('\n');
}

function registerLines(registers: Record<string, number>): string[] {
  const shown = Object.entries(registers).map(([name, value]) => `${name.padStart(7)} ${hex(value)}`);
  return chunks(shown, REGISTERS_PER_LINE).map((line) => `  ${line.join(' ')}`);
}

function stackLines({ stack }: FaultReport): string[] {
  if (stack.words.length === 0) return ['  (the stack pointer does not point to memory)'];
  return chunks(stack.words.slice(0, STACK_WORDS_SHOWN), STACK_WORDS_PER_LINE).map(
    (words, i) => `  ${hex(stack.address + 4 * STACK_WORDS_PER_LINE * i)}: ${words.map(hex).join(' ')}`,
  );
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
