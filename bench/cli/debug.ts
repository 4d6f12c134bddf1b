/** `starmind debug`: a GDB server for the emulated Pico. */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import type { Pico } from '../../emulator/index.ts';
import { CommandError, EXIT } from './exit.ts';
import { note, print } from './terminal.ts';

interface DebugFlags {
  model: string;
  port: number;
  bootrom?: string;
}

const EXAMPLES = `
Examples:
  starmind debug                              our firmware, with a story model in flash
  starmind debug test.elf --port 2331
  gdb-multiarch test.elf -ex "target remote localhost:3333"

In GDB: break, watch, rwatch, stepi, continue, Ctrl-C, load, info threads (one for each core), reverse-stepi, and
monitor cycles, phase, faults, uart, send TEXT, reset.`;

export const addDebug = (program: Command): Command =>
  program
    .command('debug')
    .summary('serve the emulated Pico to GDB')
    .description(
      'Waits for GDB on the loopback interface, with the program stopped at reset. UART0 goes to stdout. Breakpoints ' +
        'and watchpoints cost the program no cycles. Ends when GDB detaches, or with Ctrl-C.',
    )
    .argument('[program]', 'an ELF, UF2, Intel HEX or BIN file (default: our firmware)')
    .option('-m, --model <name>', 'the model in flash, with our firmware', 'story-90k')
    .option('--port <number>', 'TCP port; 0 takes a free one', readPort, 3333)
    .option('--bootrom <file>', 'a boot ROM of your own instead of ours')
    .addHelpText('after', EXAMPLES)
    .action(debug);

const readPort = (text: string): number => {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) throw new InvalidArgumentError('A port is 0 to 65535.');
  return port;
};

const debug = async (file: string | undefined, flags: DebugFlags): Promise<void> => {
  const { DebugTarget } = await import('../../emulator/gdb/target.ts');
  const { serveGdb } = await import('../../emulator/gdb/server.ts');
  const { pico, symbols } = await prepare(file, flags);
  const target = new DebugTarget(pico);
  pico.uart[0].onByte((byte) => {
    if (!target.goingBack) print(Uint8Array.of(byte));
  });
  const server = await serveGdb(target, flags.port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error;
    throw new CommandError(`port ${flags.port} is taken (${error.code})`, {
      exitCode: EXIT.usage,
      hint: 'Choose another with --port, or 0 for any that is free.',
    });
  });
  note(`GDB server on localhost:${server.port}. Connect with:`);
  note(`  gdb-multiarch ${symbols} -ex "target remote localhost:${server.port}"`);
  await new Promise<void>((resolve) => {
    server.onLeave(resolve);
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.close();
};

const prepare = async (
  file: string | undefined,
  { model, bootrom }: DebugFlags,
): Promise<{ pico: Pico; symbols: string }> => {
  const { loadProgram, Pico: Emulated } = await import('../../emulator/index.ts');
  const { prepareFirmware } = await import('./setup.ts');
  if (file !== undefined) {
    const program = loadProgram(file);
    const rom = bootrom === undefined ? (await prepareFirmware()).bootrom : readFileSync(bootrom);
    const pico = new Emulated({ bootrom: rom });
    pico.load(program);
    return { pico, symbols: file };
  }
  const { loadModel, MODEL_FLASH_ADDRESS } = await import('../target/model.ts');
  const { EmulatedDevice } = await import('../target/device.ts');
  const { image } = loadModel(model);
  const firmware = await prepareFirmware();
  const rom = bootrom === undefined ? firmware.bootrom : readFileSync(bootrom);
  const parts = { bootrom: rom, elf: firmware.elf, image, imageAddress: MODEL_FLASH_ADDRESS };
  return { pico: new EmulatedDevice(parts).pico, symbols: firmware.elfPath };
};
