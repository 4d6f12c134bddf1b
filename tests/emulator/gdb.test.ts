/** The GDB server without GDB: packets, both cores, points, the way back, and bytes that no debugger would send. */
import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadAt } from '../../emulator/gdb/loads.ts';
import { framed, PacketReader } from '../../emulator/gdb/packets.ts';
import { serveGdb } from '../../emulator/gdb/server.ts';
import { Session } from '../../emulator/gdb/session.ts';
import { DebugTarget } from '../../emulator/gdb/target.ts';
import { Pico } from '../../emulator/index.ts';
import {
  adds,
  b,
  barePico,
  bkpt,
  CODE,
  constant,
  LOOP,
  ldr,
  movs,
  str,
  vectorRom,
  WFI,
} from './support/bare.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const DATA = 0x20010000;
/** r1 = DATA; r0 counts up for ever and is stored each time. */
const COUNTER = [...constant(1, DATA), movs(0, 0), adds(0, 1), str(0, 1), b(-4)];
const LOOP_START = CODE + 2 * 8;

const debugging = (...code: number[]) => {
  const target = new DebugTarget(barePico('starmind', ...code));
  const session = new Session(target);
  return { target, ask: (packet: string) => session.handle(bytes(packet)), session };
};
const hex = (n: number) => n.toString(16);
const word = (text: string | undefined) => Buffer.from(text ?? '', 'hex').readUInt32LE();

describe('packets', () => {
  it('arrive whole however the stream is cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(fc.nat(70), { maxLength: 6 }), (data, cuts) => {
        const text = Buffer.from(data).toString('latin1');
        const stream = framed(text);
        const reader = new PacketReader();
        const places = [
          0,
          ...cuts.map((cut) => Math.min(cut, stream.length)).sort((x, y) => x - y),
          stream.length,
        ];
        const got = places.slice(1).flatMap((to, i) => reader.push(stream.subarray(places[i], to)));
        expect(got).toEqual([{ kind: 'packet', data }]);
      }),
    );
  });

  it('are asked for again when their checksum is wrong, and Ctrl-C is heard between them', () => {
    const reader = new PacketReader();
    expect(reader.push(bytes('$g#00\x03+$g#67')).map(({ kind }) => kind)).toEqual([
      'damaged',
      'interrupt',
      'packet',
    ]);
  });
});

describe('a session', () => {
  it('has a thread for each core', async () => {
    const { ask } = debugging(...COUNTER);
    expect(await ask('qfThreadInfo')).toBe('m1,2');
    expect(Buffer.from((await ask('qThreadExtraInfo,2')) ?? '', 'hex').toString()).toBe('core 1, awake');
    expect(await ask('T3')).toBe('E16');
  });

  it('stops at a breakpoint before its instruction, each time it is reached', async () => {
    const { ask } = debugging(...COUNTER);
    expect(await ask(`Z1,${hex(LOOP_START)},2`)).toBe('OK');
    for (const count of [0, 1, 2]) {
      expect(await ask('vCont;c')).toBe('T05thread:01;');
      expect(word(await ask('p0'))).toBe(count);
      expect(word(await ask('pf'))).toBe(LOOP_START);
    }
  });

  it('steps one instruction of the core that is chosen', async () => {
    const { ask } = debugging(...COUNTER);
    await ask(`Z0,${hex(LOOP_START)},2`);
    await ask('c');
    expect(await ask('vCont;s:1')).toBe('T05thread:01;');
    expect(word(await ask('pf'))).toBe(LOOP_START + 2);
    expect(word(await ask('p0'))).toBe(1);
  });

  it('ends at a store to a watched word, and names it', async () => {
    const { ask } = debugging(...COUNTER);
    expect(await ask(`Z2,${hex(DATA)},4`)).toBe('OK');
    expect(await ask('c')).toBe('T05watch:20010000;thread:01;');
    expect(word(await ask(`m${hex(DATA)},4`))).toBe(1);
    expect(await ask(`z2,${hex(DATA)},4`)).toBe('OK');
  });

  it('ends at a load of a watched word, after it was loaded', async () => {
    const { ask } = debugging(...constant(1, DATA), movs(2, 7), str(2, 1), ldr(3, 1), LOOP);
    await ask(`Z3,${hex(DATA)},4`);
    expect(await ask('c')).toBe('T05rwatch:20010000;thread:01;');
    expect(word(await ask('p3'))).toBe(7);
  });

  it('goes back to before the last instruction, as often as one likes, and forth again', async () => {
    const { ask } = debugging(...COUNTER);
    await ask(`Z1,${hex(LOOP_START)},2`);
    for (let i = 0; i < 100; i++) await ask('c');
    const here = await ask('g');
    const past: (string | undefined)[] = [];
    for (let i = 0; i < 5; i++) {
      expect(await ask('bs')).toBe('T05thread:01;');
      past.push(await ask('g'));
    }
    expect(word(await ask('p0'))).toBe(98);
    for (let i = 3; i >= 0; i--) {
      await ask('s');
      expect(await ask('g')).toBe(past[i]);
    }
    await ask('s');
    expect(await ask('g')).toBe(here);
  });

  it('says when the past ends at the reset', async () => {
    const { ask } = debugging(...COUNTER);
    expect(await ask('bs')).toBe('T05replaylog:begin;thread:01;');
  });

  it('goes back to the last breakpoint, to the one before, and to the beginning', async () => {
    const { ask } = debugging(...COUNTER);
    await ask(`Z1,${hex(LOOP_START)},2`);
    for (let i = 0; i < 10; i++) await ask('c');
    await ask('s');
    for (let count = 9; count >= 0; count--) {
      expect(await ask('bc')).toBe('T05thread:01;');
      expect(word(await ask('pf'))).toBe(LOOP_START);
      expect(word(await ask('p0'))).toBe(count);
    }
    expect(await ask('bc')).toBe('T05replaylog:begin;thread:01;');
    expect(await ask('c')).toBe('T05thread:01;');
    expect(word(await ask('p0'))).toBe(0);
  });

  it('goes back to the store that a watchpoint saw', async () => {
    const { ask } = debugging(...COUNTER);
    await ask(`Z2,${hex(DATA)},4`);
    for (let i = 0; i < 5; i++) await ask('c');
    expect(word(await ask(`m${hex(DATA)},4`))).toBe(5);
    for (const stored of [5, 4, 3]) {
      // Behind the store, as when it stopped the run; GDB itself then steps back over it.
      expect(await ask('bc')).toBe('T05watch:20010000;thread:01;');
      expect(word(await ask(`m${hex(DATA)},4`))).toBe(stored);
      expect(await ask('bs')).toBe('T05thread:01;');
      expect(word(await ask('pf'))).toBe(LOOP_START + 2);
      expect(word(await ask(`m${hex(DATA)},4`))).toBe(stored - 1);
    }
    expect(await ask('c')).toBe('T05watch:20010000;thread:01;');
    expect(word(await ask(`m${hex(DATA)},4`))).toBe(3);
  });

  it('finds its way back through a long past, by snapshots that it kept on the way', async () => {
    const { ask, target } = debugging(...COUNTER);
    const far = 30_000_000;
    for (let cycle = 0; cycle < far; cycle += 1_000_000) {
      target.pico.run({ cycle });
      await ask('s');
    }
    const here = await ask('g');
    const began = target.pico.cycles;
    expect(await ask('bs')).toBe('T05thread:01;');
    await ask('s');
    expect(await ask('g')).toBe(here);
    await ask(`Z1,${hex(LOOP_START)},2`);
    expect(await ask('bc')).toBe('T05thread:01;');
    expect(word(await ask('pf'))).toBe(LOOP_START);
    expect(began - target.pico.cycles).toBeLessThan(10);
  });

  it('keeps what the debugger wrote when it goes back', async () => {
    const { ask } = debugging(...COUNTER);
    await ask(`Z1,${hex(LOOP_START)},2`);
    await ask('c');
    expect(await ask('P0=10270000')).toBe('OK');
    expect(await ask(`M${hex(DATA + 16)},2:abcd`)).toBe('OK');
    await ask('s');
    await ask('s');
    await ask('bs');
    expect(word(await ask('p0'))).toBe(10001);
    expect(await ask(`m${hex(DATA + 16)},2`)).toBe('abcd');
  });

  it('writes flash as GDB loads programs', async () => {
    const { ask } = debugging(...COUNTER);
    expect(await ask('vFlashErase:10000000,1000')).toBe('OK');
    expect(await ask('vFlashWrite:10000100:abc')).toBe('OK');
    expect(await ask('vFlashDone')).toBe('OK');
    expect(await ask('m10000100,3')).toBe('616263');
  });

  it('reports a BKPT as a trap, a bad access as a segmentation fault, and says more when asked', async () => {
    const trap = debugging(bkpt(1));
    expect(await trap.ask('c')).toBe('T05thread:01;');
    const wild = debugging(...constant(1, 0x30000000), ldr(0, 1));
    expect(await wild.ask('c')).toBe('T0bthread:01;');
    const said = Buffer.from(
      (await wild.ask(`qRcmd,${Buffer.from('faults').toString('hex')}`)) ?? '',
      'hex',
    ).toString();
    expect(said).toContain('unmapped-read');
  });

  it('ends a step of a core that sleeps', async () => {
    const { ask } = debugging(WFI, LOOP);
    await ask('s');
    expect(await ask('s')).toBe('T05thread:01;');
  });

  it('has a monitor that knows cycles and helps with what it does not know', async () => {
    const { ask, target } = debugging(...COUNTER);
    const say = async (line: string) =>
      Buffer.from((await ask(`qRcmd,${Buffer.from(line).toString('hex')}`)) ?? '', 'hex').toString();
    await ask('s');
    expect(await say('cycles')).toContain(`core 0: ${target.chip.cores[0].cycle}\n`);
    expect(await say('phase')).toContain('no symbol sm_phase_marker');
    expect(await say('nonsense')).toContain('monitor cycles');
    expect(await say('reset')).toContain('Reset');
    expect(target.pico.cycles).toBe(0);
  });

  it('gives no memory where there is none', async () => {
    const { ask } = debugging(...COUNTER);
    expect(await ask('m30000000,4')).toBe('E0e');
    expect(await ask('m20041ffe,8')).toBe('0000');
    expect(await ask('M30000000,1:00')).toBe('E0e');
    expect(await ask('mffffffff,ffffffff')).toBe('E0e');
  });

  it('costs the program no cycles', async () => {
    const plain = barePico('starmind', ...COUNTER);
    plain.run({ cycle: 5000 });
    const { ask, target } = debugging(...COUNTER);
    await ask(`Z1,${hex(LOOP_START)},2`);
    while (target.pico.cycles < 5000) await ask('c');
    await ask(`z1,${hex(LOOP_START)},2`);
    plain.run({ cycle: target.chip.cores[0].cycle });
    expect(target.pico.registers(0)).toEqual(plain.registers(0));
  });

  it('is refused for the stock core', () => {
    const pico = new Pico({ core: 'rp2040js', bootrom: vectorRom() });
    expect(() => new DebugTarget(pico)).toThrow(/Only our own core/);
  });

  it('answers every packet, whatever is in it', async () => {
    const { session, target } = debugging(...COUNTER);
    const starts = [
      'g',
      'G',
      'p',
      'P',
      'm',
      'M',
      'X',
      'H',
      'T',
      'Z0,',
      'Z2,',
      'Z4,',
      'z1,',
      'vCont;',
      'vFlashWrite:',
      'qXfer:features:read:',
      'qRcmd,',
      'qThreadExtraInfo,',
      's',
      'bs',
      'bc',
      'R',
      'D',
      '',
    ];
    const tail = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[0-9a-f,:;=]{0,30}$/),
      fc.uint8Array().map((data) => Buffer.from(data).toString('latin1')),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...starts), tail, async (start, rest) => {
        const packet = start + rest;
        if (/^(c|C|k|vCont;[cC])/.test(packet)) return;
        const reply = session.handle(bytes(packet));
        // What goes on without end is stopped as a person would.
        const timer = setTimeout(() => session.interrupt(), 20);
        const answer = await reply;
        clearTimeout(timer);
        expect(packet.startsWith('R') ? 'none' : typeof answer).toBe(
          packet.startsWith('R') ? 'none' : 'string',
        );
      }),
      { numRuns: 300 },
    );
    expect(await session.handle(bytes('qC'))).toMatch(/^QC[12]$/);
    expect(target.chip.cores.length).toBe(2);
  });
});

describe('which bytes an instruction loads', () => {
  it.each([
    ['ldr r0, [r1, #8]', 0x6888, { address: 0x108, bytes: 4 }],
    ['ldrb r0, [r1, #3]', 0x78c8, { address: 0x103, bytes: 1 }],
    ['ldrh r0, [r1, #2]', 0x8848, { address: 0x102, bytes: 2 }],
    ['ldrsh r0, [r1, r2]', 0x5e88, { address: 0x120, bytes: 2 }],
    ['ldrsb r0, [r1, r2]', 0x5688, { address: 0x120, bytes: 1 }],
    ['ldr r0, [sp, #4]', 0x9801, { address: 0x2004, bytes: 4 }],
    ['ldr r0, [pc, #4]', 0x4801, { address: 0x1008, bytes: 4 }],
    ['ldmia r1!, {r2, r3}', 0xc90c, { address: 0x100, bytes: 8 }],
    ['pop {r0, pc}', 0xbd01, { address: 0x2000, bytes: 8 }],
    ['str r0, [r1]', 0x6008, undefined],
    ['strh r0, [r1, r2]', 0x5288, undefined],
    ['push {r0}', 0xb401, undefined],
  ])('%s', (_text, instruction, load) => {
    const r = [0, 0x100, 0x20, ...Array(10).fill(0), 0x2000, 0, 0x1000];
    expect(loadAt(instruction, r)).toEqual(load);
  });
});

describe('the server', () => {
  it('listens on loopback only, to one debugger at a time, and survives bytes that mean nothing', async () => {
    const server = await serveGdb(new DebugTarget(barePico('starmind', ...COUNTER)), 0);
    const first = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => first.once('connect', resolve));
    const second = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => second.once('close', resolve));
    const received: string[] = [];
    first.on('data', (data) => received.push(data.toString('latin1')));
    first.write(Buffer.from([0xff, 0x00, 0x7d, 0x24, 0x24, 0x23, 0x31, 0x31]));
    first.write(Buffer.alloc(100_000, '$}'));
    first.write('#00$qC#b4');
    await expect.poll(() => received.join('')).toContain('$QC1#c5');
    const left = new Promise<void>((resolve) => server.onLeave(resolve));
    first.write('$D#44');
    await left;
    await server.close();
  });

  it('hears Ctrl-C while the program runs', async () => {
    const server = await serveGdb(new DebugTarget(barePico('starmind', ...COUNTER)), 0);
    const gdb = connect(server.port, '127.0.0.1');
    const received: string[] = [];
    gdb.on('data', (data) => received.push(data.toString('latin1')));
    gdb.write(framed('vCont;c'));
    gdb.write(Buffer.from([3]));
    await expect.poll(() => received.join('')).toContain('$T02thread:01;#');
    gdb.destroy();
    await server.close();
  });
});
