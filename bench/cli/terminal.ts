/** What goes to the terminal: data to stdout, everything for people's eyes only to stderr. */

const wantsColor = (stream: NodeJS.WriteStream): boolean => {
  if (process.env.NO_COLOR) return false;
  if (process.env.FORCE_COLOR && process.env.FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && process.env.TERM !== 'dumb';
};

const SGR = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Painter = (style: keyof typeof SGR, text: string) => string;

/** Colours text for one stream, or leaves it alone where colours are unwanted (NO_COLOR, a pipe, TERM=dumb). */
export const painterFor =
  (stream: NodeJS.WriteStream): Painter =>
  (style, text) =>
    wantsColor(stream) ? `\x1b[${SGR[style]}m${text}\x1b[0m` : text;

export const print = (data: string | Uint8Array): void => {
  process.stdout.write(data);
};

export const note = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** A reader that has seen enough (`starmind run | head -1`) is no error: the command ends quietly. */
export const endQuietlyWhenReaderLeaves = (): void => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
};
