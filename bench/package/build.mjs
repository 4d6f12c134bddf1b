// The compiled build that `npm pack` ships: JavaScript and types by tsc, and the data that lies beside the sources.
// `build.mjs clean` takes it away again, so that a working tree runs its sources.
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const DATA = ['models/checkpoints', 'bench/scenarios.json', 'fixtures'];

rmSync(path.join(root, 'dist'), { recursive: true, force: true });
if (process.argv[2] !== 'clean') {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  for (const data of DATA) {
    cpSync(path.join(root, data), path.join(root, 'dist', data), {
      recursive: true,
      filter: (file) => !file.endsWith('.ts'),
    });
  }
}
