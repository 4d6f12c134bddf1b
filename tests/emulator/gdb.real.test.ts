/** The real gdb-multiarch against our firmware: stops in a kernel, reads registers, steps, goes back, loads. */
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmulatedDevice } from '../../bench/target/device.ts';
import { loadModel, MODEL_FLASH_ADDRESS } from '../../bench/target/model.ts';
import { type GdbServer, serveGdb } from '../../emulator/gdb/server.ts';
import { DebugTarget } from '../../emulator/gdb/target.ts';
import { buildFirmware, type Firmware } from '../../firmware/build.ts';
import { findOnPath } from '../../firmware/toolchain/tools.ts';

const GDB = findOnPath(['gdb-multiarch', 'arm-none-eabi-gdb'], process.env);
if (GDB === undefined)
  process.stderr.write('Skipped: no gdb-multiarch here (apt-get install gdb-multiarch)\n');

describe.skipIf(GDB === undefined)('gdb-multiarch', () => {
  let firmware: Firmware;
  let target: DebugTarget;
  let server: GdbServer;

  beforeAll(async () => {
    firmware = await buildFirmware();
    const { bootrom, elf } = firmware;
    const { image } = loadModel('story-90k');
    const device = new EmulatedDevice({ bootrom, elf, image, imageAddress: MODEL_FLASH_ADDRESS });
    target = new DebugTarget(device.pico);
    server = await serveGdb(target, 0);
  });
  afterAll(() => server?.close());

  /** What GDB prints; each command's output begins with a line `> command`. */
  const gdb = async (...commands: string[]): Promise<(command: string) => string> => {
    const all = [`target remote 127.0.0.1:${server.port}`, ...commands, 'detach'];
    const lines = ['set pagination off', 'set confirm off', ...all.flatMap((c) => [`echo > ${c}\\n`, c])];
    // What the monitor says goes to stderr: one pipe for both keeps the order.
    const { stdout: output = '' } = await execa(
      'sh',
      [
        '-c',
        'exec "$0" "$@" 2>&1',
        GDB as string,
        ...['-nx', '-q', '-batch', ...lines.flatMap((line) => ['-ex', line])],
        firmware.elfPath,
      ],
      { reject: false, stdin: 'ignore', timeout: 100_000 },
    );
    const parts = output.split(/^> /m).map((part) => part.split('\n'));
    return (command) =>
      parts
        .find(([first]) => first === command)
        ?.slice(1)
        .join('\n') ?? `nothing:\n${output}`;
  };

  it('stops in a kernel, reads its registers, steps its loop instruction by instruction and back', async () => {
    target.reset();
    const said = await gdb(
      'info threads',
      'hbreak sm_matvec_int8_m0',
      'monitor send generate 2 Once upon',
      'continue',
      'info symbol $pc',
      'p/x $pc',
      'p $xpsr >> 24',
      'monitor cycles',
      'stepi 5',
      'p/x $sp',
      'reverse-stepi 5',
      'p $pc == ((unsigned) &sm_matvec_int8_m0 & ~1)',
      'monitor phase',
      'backtrace 1',
    );
    expect(said('info threads')).toMatch(/Thread 1 \(core 0, awake\)[\s\S]*Thread 2 \(core 1/);
    expect(said('continue')).toContain('sm_matvec_int8_m0 ()');
    expect(said('info symbol $pc')).toMatch(/^sm_matvec_int8_m0 in section/);
    const { address } = target.pico.symbol('sm_matvec_int8_m0')!;
    expect(said('p/x $pc')).toContain(`= 0x${address.toString(16)}`);
    const cycles = Number(/core 0: (\d+)/.exec(said('monitor cycles'))?.[1]);
    expect(cycles).toBeGreaterThan(1_000_000);
    expect(said('p $pc == ((unsigned) &sm_matvec_int8_m0 & ~1)')).toContain('= 1');
    expect(said('monitor phase')).toMatch(/^(qkv|embed|output) \(\d\)/);
    // Stopped where it was before the steps, on the same cycle: the past is the past.
    expect(target.chip.cores[0].cycle).toBe(cycles);
  });

  it('stops at a store to a variable, and says where the firmware then is', async () => {
    target.reset();
    const said = await gdb(
      'hbreak sm_engine_forward',
      'monitor send generate 1 Once',
      'continue',
      'delete',
      'watch *(unsigned *) &sm_phase_marker',
      'continue',
    );
    expect(said('continue')).toContain('sm_engine_forward');
    expect(target.pico.readWord(target.pico.symbol('sm_phase_marker')!.address)).toBe(0);
  });

  it('goes back to the last breakpoint and to the store that a watchpoint saw', async () => {
    target.reset();
    const said = await gdb(
      'hbreak sm_engine_forward',
      'monitor send generate 2 Once',
      'continue',
      'monitor cycles',
      'hbreak sm_sample',
      'continue',
      'delete 2',
      'reverse-continue',
      'info symbol $pc',
      'monitor cycles',
      'delete',
      'watch *(unsigned *) &sm_phase_marker',
      'continue',
      'continue',
      'p *(unsigned *) &sm_phase_marker + 0',
      'reverse-continue',
      'p *(unsigned *) &sm_phase_marker',
      'stepi',
      'p *(unsigned *) &sm_phase_marker + 0 * 0',
      'delete',
      'reverse-continue',
    );
    expect(said('info symbol $pc')).toMatch(/^sm_engine_forward in section/);
    const phase = Number(/= (\d+)/.exec(said('p *(unsigned *) &sm_phase_marker + 0'))?.[1]);
    const before = Number(/= (\d+)/.exec(said('p *(unsigned *) &sm_phase_marker'))?.[1]);
    const after = Number(/= (\d+)/.exec(said('p *(unsigned *) &sm_phase_marker + 0 * 0'))?.[1]);
    expect(before).not.toBe(phase);
    expect(after).toBe(phase);
    expect(said('reverse-continue')).toBeDefined();
  });

  it('steps an assembly loop round and round', async () => {
    target.reset();
    const steps = Array.from({ length: 400 }, (_, i) => ['stepi', `p/x (unsigned) $pc + 0 * ${i}`]).flat();
    const said = await gdb(
      'hbreak sm_matvec_int8_m0',
      'monitor send generate 1 Once',
      'continue',
      'delete',
      ...steps,
    );
    const places = steps
      .filter((command) => command !== 'stepi')
      .map((command) => Number(/0x[0-9a-f]+/.exec(said(command))?.[0]));
    const { address, size } = target.pico.symbol('sm_matvec_int8_m0')!;
    const inKernel = places.filter((pc) => pc >= address && (size === 0 || pc < address + size));
    expect(inKernel.length).toBe(places.length);
    expect(new Set(places).size).toBeLessThan(places.length - 50);
  });

  it('loads a program into flash and starts it', async () => {
    target.pico.writeMemory(0x10000000, new Uint8Array(0x8000).fill(0xff));
    target.reset();
    const said = await gdb(
      'load',
      'monitor reset',
      'maintenance flush register-cache',
      'thbreak main',
      'continue',
      'p/x $pc',
    );
    expect(said('load')).toMatch(/Loading section \.text/);
    expect(said('continue')).toContain('main ()');
    expect(target.pico.fault).toBeUndefined();
  });
});
