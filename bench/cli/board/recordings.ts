/** Recordings as files. */
import { readFileSync } from 'node:fs';
import { decodeRecording, type Recording } from '../../board/recording.ts';

/** @throws RecordingError, or the system's error when it cannot be read */
export const readRecording = (file: string): Recording => decodeRecording(readFileSync(file), file);
