/**
 * A serial port as the link client needs it: the emulated UART0, or later a real port. Reading pulls, so that an
 * emulated device runs exactly as long as somebody waits for its bytes.
 */
export interface ByteTransport {
  write(bytes: Uint8Array): void | Promise<void>;
  /**
   * The next bytes from the device, at least one; an empty array when none came within `timeoutSeconds` of the
   * device's own time (emulated seconds on the emulator, wall time on a board).
   */
  read(timeoutSeconds: number): Promise<Uint8Array>;
}
