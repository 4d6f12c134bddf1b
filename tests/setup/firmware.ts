/**
 * Global set-up of the test run: the firmware and its boot ROM are built once; a cached build costs nothing. Without a
 * compiler the tests that need none still run; those that need the firmware fail with the same message.
 */
import { buildFirmware, ToolchainError } from '../../firmware/build.ts';

const say = (line: string) => process.stderr.write(`${line}\n`);

export async function setup(): Promise<void> {
  try {
    await buildFirmware({ log: say });
  } catch (error) {
    if (!(error instanceof ToolchainError)) throw error;
    say(error.message);
  }
}
