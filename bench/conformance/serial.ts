/** Reads what the conformance program prints (format in firmware/conformance/main.c). */

export interface DeviceRow {
  name: string;
  unit: string;
  repetitions: number;
  /** Of all repetitions together. */
  total: number;
}

export interface DeviceTable {
  clockHz: number;
  rows: DeviceRow[];
  /** The device came to its end. */
  complete: boolean;
}

const FORMAT_VERSION = 1;
const HEAD = /^starmind-conformance,(\d+),(\d+)$/;
const ROW = /^row,([\w.-]+),(\w+),(\d+),(-?\d+)$/;

/** Output that is not that of the conformance program, or of another version of it. */
export class ConformanceOutputError extends Error {
  override readonly name = 'ConformanceOutputError';
}

/**
 * Lines before the head (a boot message, line noise) are passed over; a last line that is cut off is, too.
 * @throws ConformanceOutputError when there is no head, or a line after it cannot be read
 */
export function parseDeviceTable(text: string): DeviceTable {
  const lines = text.split('\n').map((line) => line.trimEnd());
  lines.pop();
  const start = lines.findIndex((line) => HEAD.test(line));
  if (start < 0) throw new ConformanceOutputError('The device did not print the head of a conformance table');
  const [, version, clockHz] = HEAD.exec(lines[start]) as RegExpExecArray;
  if (Number(version) !== FORMAT_VERSION) {
    throw new ConformanceOutputError(
      `The device prints format ${version}, this program reads ${FORMAT_VERSION}: flash the conformance program anew`,
    );
  }
  const end = lines.indexOf('done', start);
  const body = lines.slice(start + 1, end < 0 ? undefined : end);
  return { clockHz: Number(clockHz), rows: body.map(parseRow), complete: end >= 0 };
}

function parseRow(line: string): DeviceRow {
  const match = ROW.exec(line);
  if (!match)
    throw new ConformanceOutputError(`The device printed a line that is no row: ${JSON.stringify(line)}`);
  const [, name, unit, repetitions, total] = match;
  return { name, unit, repetitions: Number(repetitions), total: Number(total) };
}
