import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodePiece, encodeFrame } from '../../bench/link/frame.ts';
import { decodeMessage, encodeMessage } from '../../bench/link/message.ts';
import { HELLO } from '../bench/link/fakeDevice.ts';
import { starmind, starmindProcess } from '../end-to-end/support/cli.ts';
import { impostor, scratchFolder } from './support.ts';

const folder = scratchFolder();
const run = (port: string) => starmind(['board', 'run', '--port', port, '--timeout', '1', '-n', '2']);

/** The code, the message, and neither a result nor a stack trace. */
const expectFailure = async (port: string, exitCode: number, message: RegExp): Promise<void> => {
  const result = await run(port);
  expect(result).toMatchObject({ exitCode, stdout: '' });
  expect(result.stderr).toMatch(message);
  expect(result.stderr).not.toMatch(/\n\s+at .*:\d+/);
};

/** Answers every request with this. */
const answering = (message: Record<string, unknown>) =>
  impostor((bytes, socket) => {
    const re = requestId(bytes);
    if (re !== undefined) socket.write(encodeFrame(encodeMessage({ re, ...message })));
  });

/** The id of a request frame; undefined for what is none. */
const requestId = (bytes: Buffer): number | undefined => {
  const payload = decodePiece(bytes.subarray(1, -1));
  return payload && (decodeMessage(payload)?.['id'] as number | undefined);
};

describe('a port with something else behind it', () => {
  it('that is silent is given up, with where to look', async () => {
    await expectFailure(await impostor(() => {}), 42, /nothing came from tcp:.* within \d+ s[\s\S]*GPIO 0/);
  });

  it('that speaks at another rate is told by its noise', async () => {
    const noise = Buffer.from(Array.from({ length: 64 }, (_, i) => 128 + ((i * 37) % 120)));
    await expectFailure(
      await impostor((_, socket) => socket.write(noise)),
      1,
      /neither text nor frames[\s\S]*--baud/,
    );
  });

  it('that is another program is quoted', async () => {
    const port = await impostor((_, socket) => socket.write('MicroPython v1.22 on 2024-01-05\r\n>>> '));
    await expectFailure(port, 1, /not as this firmware does; it said "MicroPython[\s\S]*flash --firmware/);
  });

  it('that is the conformance program is named', async () => {
    const port = await impostor((_, socket) =>
      socket.write('row,alu.nop,cycles,1,1\r\nrow,alu.movs-imm,cycles,1,1\r\n'),
    );
    await expectFailure(port, 1, /the conformance program runs at/);
  });

  it('that is busy with somebody else is left in peace', async () => {
    const port = await answering({ error: 'busy', message: 'a story is being told', holder: 'usb' });
    await expectFailure(port, 1, /telling a story to somebody else over usb/);
  });

  it('that hangs up is missed', async () => {
    await expectFailure(await impostor((_, socket) => socket.destroy()), 1, /was disconnected/);
  });
});

describe('a firmware of another time', () => {
  it('that speaks another version of the link is refused', async () => {
    await expectFailure(
      await answering({ ...HELLO, protocol: 9 }),
      1,
      /speaks version 9 of the link, this starmind speaks 1/,
    );
  });

  it('that lacks what every version has is refused', async () => {
    await expectFailure(
      await answering({ protocol: 1 }),
      1,
      /answers otherwise than this starmind expects: .*"firmware"/,
    );
  });

  it('without a model says so, and how to get one', async () => {
    const port = await answering({ ...HELLO, model: null, modelError: 'bad-crc' });
    await expectFailure(port, 1, /has no model \(bad-crc\)[\s\S]*flash --model/);
  });
});

describe('a port that cannot be opened', () => {
  it.each([
    ['/dev/no-such-port', /there is no port \/dev\/no-such-port[\s\S]*board list/],
    ['tcp:127.0.0.1:1', /nobody answers at tcp:127\.0\.0\.1:1/],
    [join(folder, 'plain-file'), /plain-file cannot be opened as a serial port/],
    [
      `replay:${join(folder, 'plain-file')}`,
      /plain-file does not begin with the head of a recording|no CBOR sequence/,
    ],
  ])('%s is a wrong command line', async (port, message) => {
    writeFileSync(join(folder, 'plain-file'), 'no port');
    await expectFailure(port, 2, message);
  });

  it('for want of the library says which to install', async () => {
    const hook = join(folder, 'without-serialport.mjs');
    const resolver = `export const resolve = (name, context, next) => {
      if (name === 'serialport') throw Object.assign(new Error("Cannot find package 'serialport'"), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    };`;
    writeFileSync(
      hook,
      `import { register } from 'node:module'; register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(resolver)}));`,
    );
    const env = { NODE_OPTIONS: `--import ${hook}` };
    const ran = await starmindProcess(['board', 'run', '--port', '/dev/ttyACM0'], env);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toMatch(
      /library for serial ports is not installed[\s\S]*npm install serialport@13\.0\.0/,
    );
    const listed = await starmindProcess(['board', 'list', '--json'], env);
    expect(JSON.parse(listed.stdout)).toMatchObject({
      ports: null,
      problem: expect.stringMatching(/npm install serialport/),
    });
  });
});
