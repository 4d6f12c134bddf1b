/** The `starmind` command. */
import { runCommandLine } from './program.ts';
import { endQuietlyWhenReaderLeaves } from './terminal.ts';

endQuietlyWhenReaderLeaves();
process.exitCode = await runCommandLine(process.argv.slice(2));
