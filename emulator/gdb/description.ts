/** What GDB is told of the target: its registers (GDB manual, appendix G, ARM features) and its memories. */

export const REGISTER_NAMES = [
  ...Array.from({ length: 13 }, (_, n) => `r${n}`),
  'sp',
  'lr',
  'pc',
  'xpsr',
  'msp',
  'psp',
  'primask',
  'control',
] as const;

/** The first 17 are in the `g` packet of every M-profile target. */
export const PC = REGISTER_NAMES.indexOf('pc');

const TYPES: Record<string, string> = { sp: 'data_ptr', pc: 'code_ptr', msp: 'data_ptr', psp: 'data_ptr' };

const register = (name: string): string => {
  const type = TYPES[name] === undefined ? '' : ` type="${TYPES[name]}"`;
  return `<reg name="${name}" bitsize="32"${type} regnum="${REGISTER_NAMES.indexOf(name as never)}"/>`;
};

const feature = (name: string, registers: readonly string[]): string =>
  `<feature name="${name}">${registers.map(register).join('')}</feature>`;

export const TARGET_XML =
  '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">' +
  `<architecture>armv6s-m</architecture>${feature('org.gnu.gdb.arm.m-profile', REGISTER_NAMES.slice(0, 17))}` +
  `${feature('org.gnu.gdb.arm.m-system', ['msp', 'psp'])}` +
  `${feature('starmind.cortex-m0plus', ['primask', 'control'])}</target>`;

/** GDB programs what is `flash` with vFlash packets, by sectors of 4 KB (W25Q16JV, section 8.1). */
export const memoryMap = (flashBytes: number): string => {
  const memory = (type: string, start: string, length: number, inside = '') =>
    `<memory type="${type}" start="${start}" length="0x${length.toString(16)}"${inside === '' ? '/>' : `>${inside}</memory>`}`;
  return (
    '<?xml version="1.0"?><!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" ' +
    '"http://sourceware.org/gdb/gdb-memory-map.dtd"><memory-map>' +
    memory('rom', '0x0', 0x4000) +
    memory('flash', '0x10000000', flashBytes, '<property name="blocksize">0x1000</property>') +
    memory('ram', '0x20000000', 0x42000) +
    memory('ram', '0x40000000', 0x20000000) +
    memory('ram', '0xd0000000', 0x20000000) +
    '</memory-map>'
  );
};
