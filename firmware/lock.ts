/** A lock between processes that share a folder. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
/** A lock without a readable owner is younger than this, or its owner died between two system calls. */
const UNOWNED_MS = 5000;

export interface LockOptions {
  /** Called once when somebody else holds the lock; `pid` is undefined while the owner cannot be told. */
  onWait?: (pid: number | undefined) => void;
}

/** Runs `work` while holding `folder`/.lock; waits for whoever holds it. A lock whose process is gone is taken over. */
export async function withLock<T>(
  folder: string,
  work: () => Promise<T>,
  { onWait }: LockOptions = {},
): Promise<T> {
  const lock = path.join(folder, '.lock');
  let told = false;
  while (!tryLock(lock)) {
    if (!told && isHeld(lock)) onWait?.(ownerOf(lock));
    told ||= isHeld(lock);
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Waits until nobody alive holds the lock of a folder, without taking it. */
export async function whenUnlocked(folder: string, { onWait }: LockOptions = {}): Promise<void> {
  const lock = path.join(folder, '.lock');
  if (!isHeld(lock)) return;
  onWait?.(ownerOf(lock));
  while (isHeld(lock)) await sleep(POLL_MS);
}

function tryLock(lock: string): boolean {
  try {
    mkdirSync(lock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (isAbandoned(lock)) remove(lock);
    return false;
  }
  writeFileSync(path.join(lock, 'pid'), `${process.pid}`);
  return true;
}

/** Two processes may find the same abandoned lock: what one moves away may by then be the other one's new lock, and goes back. */
function remove(lock: string): void {
  const away = `${lock}.${process.pid}`;
  try {
    renameSync(lock, away);
    if (isAbandoned(away)) rmSync(away, { recursive: true, force: true });
    else renameSync(away, lock);
  } catch {
    // Somebody else was faster.
    rmSync(away, { recursive: true, force: true });
  }
}

function isHeld(lock: string): boolean {
  return existsSync(lock) && !isAbandoned(lock);
}

function ownerOf(lock: string): number | undefined {
  try {
    return Number(readFileSync(path.join(lock, 'pid'), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isAbandoned(lock: string): boolean {
  const pid = ownerOf(lock);
  return pid === undefined ? ageMs(lock) > UNOWNED_MS : !isAlive(pid);
}

function ageMs(file: string): number {
  try {
    return Date.now() - statSync(file).mtimeMs;
  } catch {
    return 0; // gone meanwhile: the next attempt tells
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
