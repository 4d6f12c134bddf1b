import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { INFO_FILE, listDrives, readDrive } from '../../bench/board/drives.ts';
import { parseUf2 } from '../../firmware/uf2.ts';
import { firmware } from '../end-to-end/support/bench.ts';
import { starmind } from '../end-to-end/support/cli.ts';
import { emulate, MODEL, scratchFolder } from './support.ts';

// Several processes emulate at a time; on a busy machine each gets a small part of it.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const folder = scratchFolder();
const RP2040 = 'UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n';
const RP2350 = 'UF2 Bootloader v1.0\r\nModel: Raspberry Pi RP2350\r\nBoard-ID: RP2350\r\n';

const drive = (name: string, info: string | undefined): string => {
  const path = join(folder, name);
  mkdirSync(path);
  if (info !== undefined) writeFileSync(join(path, INFO_FILE), info);
  return path;
};

beforeAll(async () => {
  await firmware();
});

describe('a BOOTSEL drive', () => {
  it('is known by its INFO_UF2.TXT', () => {
    const [pico, other, none] = [
      drive('pico', RP2040),
      drive('pico2', RP2350),
      drive('usb-stick', undefined),
    ];
    expect(readDrive(pico)).toMatchObject({ boardId: 'RPI-RP2', model: 'Raspberry Pi RP2', usable: true });
    expect(readDrive(none)).toBeUndefined();
    const all = listDrives({ STARMIND_BOOTSEL_DRIVES: [pico, other, none].join(':') });
    expect(all.map(({ path, usable }) => [path, usable])).toEqual([
      [pico, true],
      [other, false],
    ]);
  });

  it('gets firmware and model as one UF2 file, or each alone', async () => {
    const { bin } = await firmware();
    for (const [name, args, addresses] of [
      ['both', ['--firmware', '--model', MODEL], [0x10000000, 0x10040000]],
      ['firmware', ['--firmware'], [0x10000000]],
      ['model', ['--model', MODEL], [0x10040000]],
    ] as const) {
      const path = drive(name, RP2040);
      const { exitCode } = await starmind(['board', 'flash', ...args, '--drive', path, '--no-verify']);
      const written = readdirSync(path).filter((file) => file !== INFO_FILE);
      const segments = parseUf2(readFileSync(join(path, written[0]!)));
      expect({ exitCode, files: written.length }).toEqual({ exitCode: 0, files: 1 });
      expect(segments.map(({ address }) => address)).toEqual(addresses);
      if (name !== 'model')
        expect(Buffer.from(segments[0]!.data.subarray(0, bin.length)).equals(bin)).toBe(true);
    }
  });

  const refused = async (path: string, message: RegExp): Promise<void> => {
    const result = await starmind(['board', 'flash', '--model', MODEL, '--drive', path, '--no-verify']);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(message);
  };

  it('that is not there is missed, with how to get it', async () => {
    await refused(join(folder, 'nowhere'), /there is no drive at .*nowhere[\s\S]*Hold BOOTSEL/);
    await refused(drive('stick', undefined), /has no INFO_UF2\.TXT, so it is no BOOTSEL drive/);
    const { exitCode, stderr } = await starmind(['board', 'flash', '--model', MODEL], {
      STARMIND_BOOTSEL_DRIVES: '',
    });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/no board is in BOOTSEL mode/);
  });

  it('of another chip is refused', async () => {
    await refused(
      drive('another', RP2350),
      /drive of another board: Raspberry Pi RP2350, Board-ID RP2350[\s\S]*cannot run it/,
    );
  });

  it('that is full says so', async () => {
    const full = drive('full', RP2040);
    symlinkSync('/dev/full', join(full, 'model.uf2'));
    await refused(full, /cannot be written to .*model\.uf2: the drive is full/);
  });

  it('that cannot be written says so', async () => {
    const odd = drive('odd', RP2040);
    mkdirSync(join(odd, 'model.uf2'));
    await refused(odd, /cannot be written to .*model\.uf2: a folder has that name/);
  });

  it('that is read-only says so', async ({ skip }) => {
    const mounted = drive('read-only', undefined);
    const mount = (...args: string[]) => execa('mount', [...args, mounted], { reject: false });
    skip((await mount('-t', 'tmpfs', 'none')).failed, 'only root may mount a file system');
    onTestFinished(async () => {
      await execa('umount', [mounted]);
    });
    writeFileSync(join(mounted, INFO_FILE), RP2040);
    await mount('-o', 'remount,ro');
    await refused(mounted, /cannot be written to .*model\.uf2: the drive is read-only/);
  });

  it('when there are several, must be named', async () => {
    const drives = [drive('left', RP2040), drive('right', RP2040)].join(':');
    const { exitCode, stderr } = await starmind(['board', 'flash', '--model', MODEL], {
      STARMIND_BOOTSEL_DRIVES: drives,
    });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/there are 2 boards in BOOTSEL mode: .*left, .*right[\s\S]*--drive/);
  });
});

describe('an emulated board with a BOOTSEL drive', () => {
  it('goes there when asked over the link, takes a model, and is seen to run it', async () => {
    const [port, path] = [join(folder, 'port'), join(folder, 'RPI-RP2')];
    const board = await emulate(['--pty', port, '--drive', path, '--no-model']);
    const at = ['--port', port, '--drive', path, '--wait', '100'];
    const missing = await starmind(['board', 'run', '--port', port, '--timeout', '60']);
    expect(missing.stderr).toMatch(/has no model \(no-model\)/);
    const { exitCode, stdout } = await starmind(['board', 'flash', '--model', MODEL, ...at]);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/the board runs it: model balanced-production \(CRC-32 [0-9a-f]{8}\)/),
    });
    const again = await starmind(['board', 'flash', '--firmware', ...at, '--json']);
    expect(again.exitCode).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({
      verified: [expect.stringMatching(/^firmware .*CRC-32/)],
    });
    const told = await starmind(['board', 'run', '--port', port, '--timeout', '60', '-n', '2', '--json']);
    expect(JSON.parse(told.stdout)).toMatchObject({ model: MODEL, identicalToReference: true });
    await board.kill();
  });
});
