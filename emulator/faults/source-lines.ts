/** File and line of code addresses, through the binutils that came with the compiler; without them there are only names. */
import { execaSync } from 'execa';

const TOOL = 'arm-none-eabi-addr2line';

/** One entry per address, for example `main.c:42`; undefined where the ELF has no line. */
export function sourceLines(elfPath: string, addresses: readonly number[]): (string | undefined)[] {
  if (addresses.length === 0) return [];
  const wanted = addresses.map((address) => `0x${address.toString(16)}`);
  const result = execaSync(TOOL, ['-e', elfPath, ...wanted], { reject: false, timeout: 5000 });
  if (result.failed) return addresses.map(() => undefined);
  const lines = result.stdout.split('\n');
  return addresses.map((_, i) => readLine(lines[i] ?? ''));
}

function readLine(line: string): string | undefined {
  const match = /^(.+):(\d+)(?: \(discriminator \d+\))?$/.exec(line);
  if (!match || match[1] === '??' || match[2] === '0') return undefined;
  return `${shorten(match[1])}:${match[2]}`;
}

/** The last folders and the name: build folders differ from machine to machine, and the start of the path says little. */
function shorten(path: string): string {
  return path.split('/').slice(-3).join('/');
}
