import { renameSync, rmSync, writeFileSync } from 'node:fs';

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
