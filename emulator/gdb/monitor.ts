/** What `monitor ...` can do in GDB: look at what only an emulator knows. */
import { formatFault } from '../faults/format.ts';
import type { DebugTarget } from './target.ts';

const PHASES = ['embed', 'norm', 'qkv', 'rope', 'attention', 'output', 'ffn', 'logits', 'sample'];

const HELP = `monitor cycles        clk_sys cycles since reset, and the emulated time
monitor phase         the phase of the token that our firmware is in
monitor faults        the fault that ended the run, with stacks
monitor uart          what the program has printed on UART0
monitor send TEXT     TEXT and a carriage return to UART0
monitor reset         power-on reset; flash, breakpoints and watchpoints stay
`;

/** The answer to a monitor command, as text that ends with a newline. */
export const monitor = (target: DebugTarget, line: string): string => {
  const [verb = '', ...rest] = line.trim().split(/\s+/);
  switch (verb) {
    case 'cycles':
      return cycles(target);
    case 'phase':
      return phase(target);
    case 'faults':
    case 'fault':
      return target.pico.fault === undefined ? 'No fault.\n' : `${formatFault(target.pico.fault)}\n`;
    case 'uart':
      return target.pico.uart[0].text === '' ? 'Nothing yet.\n' : withNewline(target.pico.uart[0].text);
    case 'send':
      target.send(`${rest.join(' ')}\r`);
      return 'Sent; it arrives as the program runs.\n';
    case 'reset':
      target.reset();
      return 'Reset. Tell GDB with: maintenance flush register-cache\n';
    case '':
    case 'help':
      return HELP;
    default:
      return `There is no monitor command "${verb.slice(0, 40)}".\n${HELP}`;
  }
};

const cycles = ({ pico, chip }: DebugTarget): string => {
  const own = chip.cores.map(
    ({ id, cycle, stopped }) => `core ${id}: ${cycle}${stopped ? ', asleep' : ''}\n`,
  );
  return `${pico.cycles} cycles, ${pico.seconds.toFixed(9)} s at ${pico.clockHz / 1e6} MHz\n${own.join('')}`;
};

const phase = ({ pico }: DebugTarget): string => {
  const marker = pico.symbol('sm_phase_marker');
  if (marker === undefined) return 'This program has no phases: it has no symbol sm_phase_marker.\n';
  const number = pico.readWord(marker.address);
  return `${PHASES[number] ?? 'idle'} (${number})\n`;
};

const withNewline = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);
