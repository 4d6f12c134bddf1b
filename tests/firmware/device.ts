/** Our firmware on the emulated Pico with a small random model, and the two ways to talk to it. */
import { EmulatedDevice } from '../../bench/target/device.ts';
import { type LoadedModel, modelFromImage } from '../../bench/target/model.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { imageAddress } from '../../models/image/layout.ts';
import { writeImage } from '../../models/image/write.ts';
import { randomModel } from './random-model.ts';

/** A shape that boots and answers in moments. */
export const SHAPE = {
  family: 'llama',
  vocabulary: 60,
  dim: 16,
  hidden: 24,
  layers: 2,
  heads: 2,
  kvHeads: 1,
  headSize: 8,
  context: 48,
  tied: true,
} as const;

/** Puts BOS first and has no fallback tokens, so there are characters it does not know. Its greedy story of `abc` has no end token. */
export function testModel(): LoadedModel {
  return modelFromImage(writeImage(randomModel(TEST_SEED, { shape: SHAPE, format: 'int8' })).bytes);
}
const TEST_SEED = 31;

/** Booted to its first prompt, with the banner it gave. */
export async function bootDevice(image?: Uint8Array): Promise<{ device: EmulatedDevice; banner: string }> {
  const { bootrom, elf } = await buildFirmware();
  const device = new EmulatedDevice({ bootrom, elf, image, imageAddress });
  return { banner: await device.boot(), device };
}

/** Types at the console and gives what comes back until the next prompt. */
export function type(device: EmulatedDevice, keys: string, seconds = 20): string {
  const { pico } = device;
  const uart = pico.uart[0];
  uart.clear();
  let text = '';
  const stop = uart.onByte((byte) => {
    text += String.fromCharCode(byte);
  });
  uart.send(new TextEncoder().encode(keys));
  pico.run({ text: '\n> ', timeoutSeconds: seconds });
  stop();
  return Buffer.from(text, 'latin1').toString();
}
