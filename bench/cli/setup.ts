/** Gets the firmware and its boot ROM ready: compiler and SDK set up where missing, built, or taken from the cache. */
import { buildFirmware, type Firmware } from '../../firmware/build.ts';
import { startProgress } from './progress.ts';
import { note } from './terminal.ts';

/** @throws ToolchainError of firmware/toolchain saying exactly what to install. */
export const prepareFirmware = async (): Promise<Firmware> => {
  const progress = startProgress('building the firmware');
  const ticker = setInterval(() => progress.report(), 500);
  try {
    return await buildFirmware({ log: note });
  } finally {
    clearInterval(ticker);
    progress.end();
  }
};

export const bootromBytes = async (): Promise<Uint8Array> => (await prepareFirmware()).bootrom;
