import { beforeAll, describe, expect, test } from 'vitest';
import type { EmulatedDevice } from '../../bench/target/device.ts';
import { hostTarget } from '../../bench/target/host.ts';
import type { LoadedModel } from '../../bench/target/model.ts';
import { GREEDY } from '../../bench/target/scenario.ts';
import { bootDevice, testModel, type } from './device.ts';

let model: LoadedModel;
let device: EmulatedDevice;
let banner: string;

beforeAll(async () => {
  model = testModel();
  ({ device, banner } = await bootDevice(model.image));
});

const shown = (text: string) => text.replaceAll('\r\n', '\n');

/** What a terminal shows of one line: text, backspaces. */
function terminalLine(output: string): string {
  const cells: string[] = [];
  let column = 0;
  for (const character of output) {
    if (character === '\b') column--;
    else cells[column++] = character;
  }
  return cells.join('').trimEnd();
}

/** The line typed last, by the arrow up; the line is empty again afterwards. */
function recalled(): string {
  const { uart } = device.pico;
  uart[0].clear();
  uart[0].send('\x1b[A');
  device.pico.run({ timeoutSeconds: 0.02 });
  const line = Buffer.from(uart[0].bytes).toString();
  uart[0].send('\x15');
  device.pico.run({ timeoutSeconds: 0.02 });
  return line;
}

async function hostStory(prompt: string, tokens: number): Promise<string> {
  const { pieces } = await hostTarget.run({ model, prompt, tokens, sampler: GREEDY });
  return prompt + Buffer.concat(pieces).toString();
}

describe('the banner', () => {
  test('names version, clock and model with what it takes', () => {
    expect(shown(banner)).toMatch(/^\nStarmind Pico 0\.1\.0 at 125 MHz\.\nModel random 31 \(llama, int8\): /);
    expect(banner).toContain(`${model.image.length.toLocaleString('en')} bytes of flash, context 48 tokens.`);
    expect(banner.endsWith('> ')).toBe(true);
  });

  test('says why there is no model', async () => {
    const broken = model.image.slice();
    broken[200] ^= 1;
    expect((await bootDevice()).banner).toContain('No model: no-model.');
    expect((await bootDevice(broken)).banner).toContain('No model: bad-crc.');
  });
});

describe('a line of text', () => {
  test('becomes the story that the host tells, and a line of figures', async () => {
    const answer = shown(type(device, 'abc\r'));
    const [echo, ...rest] = answer.split('\n');
    expect(echo).toBe('abc');
    expect(rest.join('\n')).toMatch(
      /\n46 tokens, [\d,]+ cycles per token, [\d,.]+ tokens\/s at 125 MHz\.\n> $/,
    );
    expect(rest.join('\n').startsWith(await hostStory('abc', 46))).toBe(true);
  });

  test('can be edited with Backspace, also behind a wide character, and Ctrl-U', async () => {
    type(device, '/tokens 4\r');
    const expected = await hostStory('ab', 4);
    expect(shown(type(device, 'ax\x7fé\bb\r'))).toContain(`\n${expected}\n`);
    expect(shown(type(device, 'nonsense\x15ab\r'))).toContain(`\n${expected}\n`);
  });

  test('can be edited in its middle: arrows, Home, End, Delete, Ctrl-A, Ctrl-E, Ctrl-K', async () => {
    type(device, '/tokens 4\r');
    const expected = await hostStory('ab', 4);
    const [left, right] = ['\x1b[D', '\x1b[C'];
    for (const keys of [
      `b${left}a\r`,
      `xab\x01\x1b[3~\r`,
      `b\x1b[Ha\x1b[F\r`,
      `axb${left}\x7f\r`,
      `a${left}${left}${left}${right}b${right}${right}\r`,
      `abxyz${left.repeat(3)}\x0b\r`,
      `éb${left}\x7fa\x05\r`,
      `xyz\x01\x0bab\r`,
    ]) {
      expect(shown(type(device, keys))).toContain(`\n${expected}\n`);
    }
  });

  test('shows on a terminal what it is, whatever was edited', () => {
    const keys = [
      'a',
      'b',
      'c',
      'é',
      '€',
      '\x1b[D',
      '\x1b[C',
      '\x01',
      '\x05',
      '\x7f',
      '\x1b[3~',
      '\x1b[A',
      '\x0b',
    ];
    let seed = 5;
    for (let run = 0; run < 25; run++) {
      const typed = Array.from({ length: 18 }, () => {
        seed = (seed * 1103515245 + 12345) & 0x7fffffff;
        return keys[(seed >> 8) % keys.length];
      });
      device.pico.uart[0].clear();
      device.pico.uart[0].send(typed.join(''));
      device.pico.run({ timeoutSeconds: 0.1 });
      const screen = terminalLine(Buffer.from(device.pico.uart[0].bytes).toString());
      // Enter with the line as a command, so that it is read back.
      type(device, '\x01/\r');
      expect(screen.length).toBeLessThanOrEqual(500);
      expect(recalled()).toBe(`/${screen}`);
    }
  });

  test('comes back with the arrow up, and the one before it too', () => {
    type(device, '/seed 1\r');
    type(device, '/seed 2\r');
    type(device, '/seed 2\r');
    const first = (output: string) => terminalLine(output.split('\r\n')[0]);
    expect(first(type(device, '\x1b[A\x1b[A\x7f5\r'))).toBe('/seed 5');
    expect(first(type(device, '\x1b[A\x1b[A\x1b[A\x1b[B\r'))).toBe('/seed 2');
  });

  test('with a character outside the vocabulary is refused with its place', () => {
    expect(type(device, 'abXc\r')).toContain('Not told: unknown-character at byte 2.');
  });

  test('is stopped by Ctrl-C', () => {
    type(device, '/tokens 40\r');
    device.pico.uart[0].send('abc\r');
    device.pico.run({ timeoutSeconds: 0.006 });
    const tokens = Number(/(\d+) tokens,/.exec(type(device, '\x03'))?.[1]);
    expect(tokens).toBeGreaterThan(0);
    expect(tokens).toBeLessThan(40);
  });
});

describe('a command', () => {
  test('sets what it says, and refuses what it cannot', () => {
    expect(type(device, '/temp 0.8\r')).toContain('ok');
    expect(type(device, '/temp 0.001\r')).toContain('A temperature is 0 (greedy) or 0.01 to 100.');
    expect(type(device, '/temp x\r')).toContain('A temperature is');
    expect(type(device, '/seed 4294967295\r')).toContain('A seed is');
    expect(type(device, '/tokens 0\r')).toContain('1 or more');
    expect(type(device, '/clock 126\r')).toContain('The clock is 125, 133 or 200 MHz.');
    expect(type(device, '/dance\r')).toContain('Unknown command; /help lists them.');
    expect(type(device, '/temp 0\r')).toContain('ok');
  });

  test('/help lists every command, /model describes the model, /stats counts the stories', () => {
    const help = type(device, '/help\r');
    for (const name of ['/model', '/temp', '/seed', '/tokens', '/stats', '/clock', '/cores', '/baud'])
      expect(help).toContain(name);
    expect(type(device, '/model\r')).toContain('Model random 31 (llama, int8)');
    expect(type(device, '/stats\r')).toMatch(/\d+ stories\. \d+ tokens, .*\nStack used: [\d,]+ bytes\./s);
  });

  test('/baud changes the rate of the UART until the next reset', () => {
    expect(type(device, '/baud 3000001\r')).toContain('The UART’s rate'.replace('’', "'"));
    device.pico.uart[0].send('/baud 1000000\r');
    device.pico.run({ timeoutSeconds: 0.01 });
    expect(device.pico.uart[0].baud).toBeGreaterThan(990_000);
    expect(type(device, '/model\r')).toContain('Model random 31');
    type(device, '/baud 115200\r');
  });

  test('/clock changes clk_sys and keeps the baud rate', () => {
    expect(type(device, '/clock 200\r')).toContain('ok');
    expect(device.pico.clockHz).toBe(200_000_000);
    expect(device.pico.uart[0].baud).toBeGreaterThan(115_200 * 0.99);
    expect(device.pico.uart[0].baud).toBeLessThan(115_200 * 1.01);
    expect(type(device, '/model\r')).toContain('Model random 31');
  });
});
