import { accessSync, constants, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Replaces a file only when the new content is completely on disk; a failed attempt leaves nothing behind. */
export const writeWhole = (path: string, content: Uint8Array | string): void => {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, content);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw Object.assign(error as Error, { path });
  }
};

/**
 * Finds out before the work that its result could not be written.
 * @throws what the system says, with the file as its path
 */
export const checkFolderOf = (path: string | undefined): void => {
  if (path === undefined) return;
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    throw Object.assign(error as Error, { path });
  }
};
