/** Cycles of each instruction of a function, beside its disassembly. */
import { execFileSync } from 'node:child_process';
import { InstructionProfile, type Pico, type ProgramSymbol } from '../../emulator/index.ts';
import { alignColumns, percent, thousands } from '../report/format.ts';
import { sum } from '../report/statistics.ts';
import { type RunObserver, ScenarioError } from '../target/scenario.ts';

const OBJDUMP = 'arm-none-eabi-objdump';

/** Profiles one function's instructions while the story is told. */
export class InstructionObserver implements RunObserver {
  private readonly name: string;
  private pico: Pico | undefined;
  profile = new InstructionProfile({ address: 0, size: 0 });

  constructor(name: string) {
    this.name = name;
  }

  connected(pico: Pico): void {
    this.pico = pico;
    this.profile = new InstructionProfile(this.functionOf(pico));
  }

  /** By now the firmware has copied its kernels to SRAM. */
  began(): void {
    this.pico?.profileInstructions(this.profile);
  }

  ended(): void {}

  private functionOf(pico: Pico): ProgramSymbol {
    const symbol = pico.symbol(this.name);
    if (symbol?.kind === 'function' && symbol.size > 0) return symbol;
    throw new ScenarioError(
      'input',
      `the firmware has no function "${this.name}"; starmind profile lists them`,
    );
  }
}

/** Lines of the disassembly with executions, cycles and their share in the function; what never ran has none. */
export const annotatedListing = (profile: InstructionProfile, elfPath: string): string[] => {
  const all = sum([...profile.cycles]);
  const rows = disassembly(elfPath, profile).map(({ address, text }) => {
    const at = (address - profile.address) >> 1;
    const cycles = profile.cycles[at]!;
    const numbers =
      cycles === 0
        ? ['', '', '']
        : [thousands(profile.executions[at]!), thousands(cycles), percent(cycles, all)];
    return [...numbers, address.toString(16), text];
  });
  return [
    ...alignColumns([['executed', 'cycles', 'share', 'address', ''], ...rows], 'rrrrl'),
    '',
    `${thousands(all)} cycles`,
  ];
};

interface Line {
  address: number;
  text: string;
}

/** @throws ScenarioError when there is no objdump */
const disassembly = (elfPath: string, { address, size }: InstructionProfile): Line[] => {
  const range = [`--start-address=${address}`, `--stop-address=${address + size}`];
  let output: string;
  try {
    output = execFileSync(OBJDUMP, ['-d', ...range, elfPath], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    throw new ScenarioError(
      'input',
      `${OBJDUMP} cannot be run. Install it: apt-get install binutils-arm-none-eabi`,
    );
  }
  return output.split('\n').flatMap((line): Line[] => {
    const match = /^\s*([0-9a-f]+):\t[0-9a-f ]+\t(.*)$/.exec(line);
    return match ? [{ address: Number.parseInt(match[1]!, 16), text: match[2]!.replaceAll('\t', ' ') }] : [];
  });
};
