/** `starmind debug` as a process: says how to connect, ends when the debugger does, and explains a port that is taken. */
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { starmindProcess } from '../../end-to-end/support/cli.ts';

const STARMIND = fileURLToPath(new URL('../../../bin/starmind.mjs', import.meta.url));

it('says how to connect, and ends with 0 when GDB has gone', async () => {
  const server = execa(process.execPath, [STARMIND, 'debug', '--port', '0'], {
    stdin: 'ignore',
    reject: false,
  });
  let said = '';
  const port = await new Promise<number>((resolve) => {
    server.stderr.on('data', (text) => {
      said += text;
      const found = /target remote localhost:(\d+)"\n/.exec(said);
      if (found) resolve(Number(found[1]));
    });
  });
  expect(said).toMatch(/gdb-multiarch \S+starmind\.elf -ex/);
  const gdb = connect(port, '127.0.0.1');
  gdb.write('$k#6b');
  gdb.resume();
  expect((await server).exitCode).toBe(0);
});

it('refuses a port that is taken, and says what to do', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  const { exitCode, stderr } = await starmindProcess(['debug', '--port', String(port)]);
  other.close();
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`port ${port} is taken`);
  expect(stderr).toContain('--port');
});

it('refuses what is no port, and what is no program', async () => {
  expect((await starmindProcess(['debug', '--port', '65536'])).exitCode).toBe(2);
  const { exitCode, stderr } = await starmindProcess(['debug', 'there-is-no.elf']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('there-is-no.elf');
});
