/** The programs that starmind can use: what each is for, how it tells its version, and which package brings it. */

export interface ToolNeed {
  /** As people call it. */
  name: string;
  /** Names of the program on PATH, the preferred one first. */
  programs: string[];
  versionArguments: string[];
  /** What cannot be done without it. */
  neededFor: string;
  /** Without it the firmware cannot be built, and nothing runs on the emulator. */
  required: boolean;
  packages: { apt: string; dnf: string; pacman: string; brew: string };
}

const same = (name: string) => ({ apt: name, dnf: name, pacman: name, brew: name });

export const TOOLS: readonly ToolNeed[] = [
  {
    name: 'arm-none-eabi-gcc',
    programs: ['arm-none-eabi-gcc'],
    versionArguments: ['--version'],
    neededFor: 'building the firmware',
    required: true,
    packages: {
      apt: 'gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib',
      dnf: 'arm-none-eabi-gcc-cs arm-none-eabi-newlib',
      pacman: 'arm-none-eabi-gcc arm-none-eabi-newlib',
      brew: '--cask gcc-arm-embedded',
    },
  },
  {
    name: 'CMake',
    programs: ['cmake'],
    versionArguments: ['--version'],
    neededFor: 'building the firmware',
    required: true,
    packages: same('cmake'),
  },
  {
    name: 'Ninja',
    programs: ['ninja', 'ninja-build'],
    versionArguments: ['--version'],
    neededFor: 'building the firmware',
    required: true,
    packages: { apt: 'ninja-build', dnf: 'ninja-build', pacman: 'ninja', brew: 'ninja' },
  },
  {
    name: 'Python 3',
    programs: ['python3', 'python'],
    versionArguments: ['--version'],
    neededFor: "building the firmware (the SDK's scripts)",
    required: true,
    packages: { apt: 'python3', dnf: 'python3', pacman: 'python', brew: 'python' },
  },
  {
    name: 'GCC for this machine',
    programs: ['gcc', 'cc'],
    versionArguments: ['--version'],
    neededFor: 'the tests that run the C engine on this machine',
    required: false,
    packages: { apt: 'gcc libc6-dev', dnf: 'gcc glibc-devel', pacman: 'gcc', brew: 'gcc' },
  },
  {
    name: 'GDB for ARM',
    programs: ['gdb-multiarch', 'arm-none-eabi-gdb'],
    versionArguments: ['--version'],
    neededFor: 'starmind debug',
    required: false,
    packages: {
      apt: 'gdb-multiarch',
      dnf: 'gdb',
      pacman: 'arm-none-eabi-gdb',
      brew: '--cask gcc-arm-embedded',
    },
  },
  {
    name: 'objdump for ARM',
    programs: ['arm-none-eabi-objdump'],
    versionArguments: ['--version'],
    neededFor: 'the listing of starmind profile',
    required: false,
    packages: {
      apt: 'binutils-arm-none-eabi',
      dnf: 'arm-none-eabi-binutils-cs',
      pacman: 'arm-none-eabi-binutils',
      brew: '--cask gcc-arm-embedded',
    },
  },
  {
    name: 'sigrok-cli',
    programs: ['sigrok-cli'],
    versionArguments: ['--version'],
    neededFor: 'decoding the waves of starmind trace',
    required: false,
    packages: same('sigrok-cli'),
  },
];

export type PackageManager = keyof ToolNeed['packages'];

const INSTALL: Record<PackageManager, string> = {
  apt: 'sudo apt-get install --no-install-recommends',
  dnf: 'sudo dnf install',
  pacman: 'sudo pacman -S',
  brew: 'brew install',
};

/** The one command that installs what these tools need, without naming a package twice. */
export const installCommand = (missing: readonly ToolNeed[], manager: PackageManager): string => {
  const packages = missing.map((tool) => tool.packages[manager]);
  if (manager !== 'brew') return `${INSTALL[manager]} ${[...new Set(packages)].join(' ')}`;
  // brew takes formulas and casks in separate calls.
  const casks = new Set(packages.filter((name) => name.startsWith('--cask ')));
  const formulas = new Set(packages.filter((name) => !name.startsWith('--cask ')));
  const calls = [...(formulas.size > 0 ? [[...formulas].join(' ')] : []), ...casks];
  return calls.map((names) => `${INSTALL.brew} ${names}`).join(' && ');
};
