/**
 * For programs that another process of ours starts: imported before anything else of the emulator, it applies the timing file that
 * the parent uses.
 */
import { TIMING_FILE_VARIABLE, useTimingFile } from './calibration.ts';

const path = process.env[TIMING_FILE_VARIABLE];
if (path) useTimingFile(path);
