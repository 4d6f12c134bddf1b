/** The boards we know, as data. The firmware binary is the same for all: it asks the flash chip for its size at boot. */

export interface Board {
  /** As `--board` takes it. */
  name: string;
  /** For people. */
  title: string;
  flashBytes: number;
  /** clk_sys periods of one flash clock that the second stage of boot sets; the firmware's has 2. */
  flashDivider: number;
  /** GPIO of a plain LED; null where there is none, or where it hangs on another chip. */
  led: number | null;
  /** What a person wiring it should know. */
  note?: string;
}

const MEGABYTE = 1024 * 1024;

export const BOARDS: readonly Board[] = [
  { name: 'pico', title: 'Raspberry Pi Pico', flashBytes: 2 * MEGABYTE, flashDivider: 2, led: 25 },
  {
    name: 'pico_w',
    title: 'Raspberry Pi Pico W',
    flashBytes: 2 * MEGABYTE,
    flashDivider: 2,
    led: null,
    note: 'its LED hangs on the radio chip',
  },
  {
    name: 'tiny2040',
    title: 'Pimoroni Tiny 2040, 8 MB',
    flashBytes: 8 * MEGABYTE,
    flashDivider: 2,
    led: 19,
    note: 'its LED is red, green and blue on GPIO 18, 19 and 20, lit by a low level',
  },
  {
    name: 'generic',
    title: 'any RP2040 with 2 to 16 MB of quad flash',
    flashBytes: 2 * MEGABYTE,
    flashDivider: 2,
    led: null,
    note: 'say --flash; a slower flash needs a firmware built with its divider',
  },
];

export const boardNamed = (name: string): Board | undefined => BOARDS.find((board) => board.name === name);
