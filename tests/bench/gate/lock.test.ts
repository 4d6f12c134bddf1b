/** One process at a time writes into a folder; who died holding the lock is out of the way. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { whenUnlocked, withLock } from '../../../firmware/lock.ts';

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
  lock = join(folder, '.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

const lockOf = (pid: number) => {
  mkdirSync(lock);
  writeFileSync(join(lock, 'pid'), String(pid));
};

/** A process that lives until it is told to end. */
const someProcess = () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });

const deadPid = async (): Promise<number> => {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
  return child.pid!;
};

describe('the lock of a folder', () => {
  it('lets one in at a time, and is gone afterwards', async () => {
    let inside = 0;
    const most: number[] = [];
    const work = async () => {
      most.push(++inside);
      await new Promise((resume) => setTimeout(resume, 20));
      inside--;
    };
    await Promise.all([withLock(folder, work), withLock(folder, work), withLock(folder, work)]);
    expect(most).toEqual([1, 1, 1]);
    expect(existsSync(lock)).toBe(false);
  });

  it('is taken over from a process that died, by one of those that want it', async () => {
    lockOf(await deadPid());
    let inside = 0;
    const work = async () => {
      expect(++inside).toBe(1);
      await new Promise((resume) => setTimeout(resume, 20));
      inside--;
    };
    await Promise.all([withLock(folder, work), withLock(folder, work)]);
    expect(existsSync(lock)).toBe(false);
  });

  it('is waited for, and says who has it', async () => {
    const other = someProcess();
    lockOf(other.pid!);
    const waited: (number | undefined)[] = [];
    const onWait = (pid: number | undefined) => waited.push(pid);
    let done = false;
    const mine = withLock(
      folder,
      async () => {
        done = true;
      },
      { onWait },
    );
    const looking = whenUnlocked(folder, { onWait });
    await expect.poll(() => waited.length, { timeout: 60_000 }).toBe(2);
    expect(waited).toEqual([other.pid, other.pid]);
    expect(done).toBe(false);
    other.kill('SIGKILL');
    await Promise.all([mine, looking]);
    expect(done).toBe(true);
  });

  it('is let go when the work fails', async () => {
    await expect(
      withLock(folder, async () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(existsSync(lock)).toBe(false);
  });
});
