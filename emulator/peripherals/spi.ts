/**
 * Gives rp2040js' SPI blocks time: with nothing connected, a frame of zeros comes back after its bits. RP2040 datasheet 4.4. Whoever
 * connects a device replaces `onTransmit`, as with the stock block, and decides when to call `completeTransmit`.
 */
import type { RP2040 } from 'rp2040js';

type Spi = RP2040['spi'][number];

export function runSpiInEmulatedTime(rp2040: RP2040, spi: Spi): void {
  const alarm = rp2040.clock.createAlarm(() => spi.completeTransmit(0));
  spi.onTransmit = () => {
    const { clockFrequency } = spi;
    alarm.schedule(clockFrequency > 0 ? (spi.dataBits * 1e9) / clockFrequency : 0);
  };
}
