/** A worker of a study: measures the cases it is sent, one after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { type DeviceFirmware, measureCase } from './measure.ts';
import type { StudyRow, StudySettings } from './row.ts';
import type { StudyCase } from './shapes.ts';

export interface WorkerData {
  firmware: DeviceFirmware;
  settings: StudySettings;
}

/** A worker's answer: the row, or the text of a defect. */
export type Answer = { row: StudyRow } | { defect: string };

const { firmware, settings } = workerData as WorkerData;

parentPort?.on('message', async (one: StudyCase) => {
  parentPort?.postMessage(await answer(one));
});

const answer = async (one: StudyCase): Promise<Answer> => {
  try {
    return { row: await measureCase(firmware, one, settings) };
  } catch (error) {
    return { defect: `${one.name}: ${error instanceof Error ? error.message : String(error)}` };
  }
};
