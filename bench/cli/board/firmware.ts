/** The firmware that a board may run: the present sources' build, or a file. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FirmwareFacts } from '../../board/identity.ts';

/** The build there is, without making one; `undefined` when there is none. */
export const presentBuild = async (): Promise<FirmwareFacts | undefined> => {
  const { projectRoot } = await import('../../../firmware/build.ts');
  try {
    const bin = readFileSync(`${projectRoot()}/build/firmware/starmind.bin`);
    return { bin, sha256: createHash('sha256').update(bin).digest('hex') };
  } catch {
    return undefined;
  }
};
