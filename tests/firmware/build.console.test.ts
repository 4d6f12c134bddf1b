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
    for (const name of ['/model', '/temp', '/seed', '/tokens', '/stats', '/clock'])
      expect(help).toContain(name);
    expect(type(device, '/model\r')).toContain('Model random 31 (llama, int8)');
    expect(type(device, '/stats\r')).toMatch(/\d+ stories\. \d+ tokens, .*\nStack used: [\d,]+ bytes\./s);
  });

  test('/clock changes clk_sys and keeps the baud rate', () => {
    expect(type(device, '/clock 200\r')).toContain('ok');
    expect(device.pico.clockHz).toBe(200_000_000);
    expect(device.pico.uart[0].baud).toBeGreaterThan(115_200 * 0.99);
    expect(device.pico.uart[0].baud).toBeLessThan(115_200 * 1.01);
    expect(type(device, '/model\r')).toContain('Model random 31');
  });
});
