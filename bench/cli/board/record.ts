/** `starmind board record`: a session, byte for byte and with times, that tests can replay. */

import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Recorded } from '../../board/record.ts';
import { writeWhole } from '../files.ts';
import { addStoryOptions, type StoryFlags } from '../run.ts';
import { note, print } from '../terminal.ts';
import { addConnectionOptions, type ConnectionFlags, connect } from './connection.ts';
import { scenarioFor } from './run.ts';

interface RecordFlags extends StoryFlags, ConnectionFlags {
  model?: string;
  logits?: boolean;
  regenerate?: boolean;
  json?: boolean;
}

export const RECORD_SCHEMA = 'starmind-board-record/1';

const EXAMPLES = `
Examples:
  starmind board record my-pico.cbor --tokens 32
  starmind board record my-pico.cbor --port /dev/ttyACM0 --logits
  starmind board record --regenerate            the emulated ones in fixtures/boards, after the firmware changed`;

export const addRecord = (board: Command): Command => {
  const command = board
    .command('record')
    .summary('keep a session as a file that tests can replay')
    .description(
      'Runs a scenario on the board and writes everything that went over the wire, with times, as a CBOR sequence whose ' +
        'head names origin, board, firmware, model and scenario (bench/board/README.md).',
    )
    .argument('[file]', 'where the recording goes')
    .option('-m, --model <name>', 'the model that must be on the board (default: whichever is)');
  addConnectionOptions(addStoryOptions(command))
    .option('--logits', 'have the logits of every token too')
    .option('--regenerate', 'make the emulated recordings of this repository anew')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(record);
  return command;
};

const record = async (file: string | undefined, flags: RecordFlags): Promise<void> => {
  if (flags.regenerate) return regenerate(file);
  const { usageError } = await import('../exit.ts');
  if (file === undefined)
    throw usageError('the file for the recording is missing', 'starmind board record FILE');
  const { recorded } = await recordBoard(file, flags);
  await save(file, recorded);
  const { head, pieces } = recorded.recording;
  const { tokens } = recorded.result;
  if (flags.json)
    print(`${JSON.stringify({ schema: RECORD_SCHEMA, file, pieces: pieces.length, tokens, ...head })}\n`);
  else print(`${file}: ${head.origin}, ${pieces.length} pieces, ${tokens.length} tokens\n`);
};

const recordBoard = async (file: string, flags: RecordFlags): Promise<{ recorded: Recorded }> => {
  const { Recorder } = await import('../../board/recorder.ts');
  const { recordScenario } = await import('../../board/record.ts');
  const { timingVersion } = await import('../../../emulator/timing/calibration.ts');
  const { presentBuild } = await import('./firmware.ts');
  const session = await connect(flags);
  try {
    const scenario = { ...(await scenarioFor(session, flags)), logits: flags.logits };
    note(`recording ${session.name} to ${file}`);
    const recorder = new Recorder();
    const recorded = await recordScenario(
      recorder.wrap(session.transport),
      recorder,
      session.name,
      {
        scenario,
        placement: flags.placement,
        firmware: await presentBuild(),
        timingVersion: String(timingVersion()),
      },
      { timeoutSeconds: flags.timeout },
    );
    return { recorded };
  } finally {
    await session.close();
  }
};

const save = async (file: string, { recording }: Recorded): Promise<void> => {
  const { encodeRecording } = await import('../../board/recording.ts');
  writeWhole(file, encodeRecording(recording));
};

const FIXTURES = fileURLToPath(new URL('../../../fixtures/boards/', import.meta.url));

const regenerate = async (folder = FIXTURES): Promise<void> => {
  const { emulatedRecordings } = await import('../../board/fixtures.ts');
  const { prepareFirmware } = await import('../setup.ts');
  const { mkdirSync } = await import('node:fs');
  const path = await import('node:path');
  mkdirSync(folder, { recursive: true });
  for await (const { name, bytes } of emulatedRecordings(await prepareFirmware())) {
    writeWhole(path.join(folder, name), bytes);
    print(`${path.join(folder, name)}\n`);
  }
};
