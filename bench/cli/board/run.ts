/** `starmind board run`: a story on a real board. */
import type { Command } from 'commander';
import type { WeightFormat } from '../../../models/quantized.ts';
import type { BoardSession } from '../../board/session.ts';
import type { LoadedModel, Placement } from '../../target/model.ts';
import type { Scenario, ScenarioResult } from '../../target/scenario.ts';
import { addStoryOptions, conclude, runOn, type StoryFlags, scenarioOf } from '../run.ts';
import { note, print } from '../terminal.ts';
import { addConnectionOptions, type ConnectionFlags, connect, recordingOf } from './connection.ts';
import { presentBuild } from './firmware.ts';

interface BoardRunFlags extends StoryFlags, ConnectionFlags {
  model?: string;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  starmind board run
  starmind board run --port /dev/ttyUSB0 --fast --prompt "The little fox"
  starmind board run --port tcp:127.0.0.1:4000 --json`;

export const addBoardRun = (board: Command): Command => {
  const command = board
    .command('run')
    .summary('tell a story on the board, and prove it equal to the host reference')
    .description(
      'The same as "starmind run", on a board. Exits with 1 when a token is not the host reference’s, with 42 when the ' +
        'board falls silent.',
    )
    .option('-m, --model <name>', 'the model that must be on the board (default: whichever is)');
  addConnectionOptions(addStoryOptions(command))
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', EXAMPLES)
    .action(boardRun);
  return command;
};

const boardRun = async (flags: BoardRunFlags): Promise<void> => {
  const { hostTarget } = await import('../../target/host.ts');
  const { boardTarget } = await import('../../board/target.ts');
  const session = await connect(flags);
  try {
    const scenario = await scenarioFor(session, flags);
    const firmware = await presentBuild();
    note(`board: ${session.hello.board}, firmware ${session.hello.firmware}, over ${session.name}`);
    const reference = await hostTarget.run(scenario);
    const result: ScenarioResult = await runOn(boardTarget(session, { firmware }), scenario, flags);
    if (!flags.json) print('\n');
    await conclude(flags, scenario, result, reference);
  } finally {
    await session.close();
  }
};

/** The scenario of the flags; a recording has its own. */
export const scenarioFor = async (
  session: BoardSession,
  flags: StoryFlags & Pick<BoardRunFlags, 'port' | 'model'>,
): Promise<Scenario> => {
  const file = recordingOf(flags);
  if (file === undefined) return scenarioOf(flags, () => modelFor(session, flags));
  const { readRecording } = await import('./recordings.ts');
  const { scenarioOf: recorded } = await import('../../board/record.ts');
  const { loadModel } = await import('../../target/model.ts');
  const recording = readRecording(file);
  const { model, weights, placement } = recording.head.scenario;
  const options = {
    format: weights as WeightFormat,
    placement: (placement as Placement | null) ?? undefined,
  };
  return recorded(recording, await loadModel(flags.model ?? model, options));
};

/** The model that was asked for, or the one that the board has. */
export const modelFor = async (
  { name, client, hello }: BoardSession,
  { model, format, placement }: Pick<BoardRunFlags, 'model' | 'format' | 'placement'>,
): Promise<LoadedModel> => {
  const { loadModel } = await import('../../target/model.ts');
  if (model !== undefined) return loadModel(model, { format, placement });
  const { modelOnBoard } = await import('../../board/identity.ts');
  const description = hello.model === null ? undefined : await client.describe();
  return modelOnBoard(name, hello, description, loadModel);
};
