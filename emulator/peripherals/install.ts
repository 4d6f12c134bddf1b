/**
 * Puts our peripherals into an RP2040 in place of rp2040js 1.4.1's stubs and approximations. Works with the stock RP2040
 * object and with subclasses of it: everything is reached through `rp2040.peripherals` and time through `rp2040.clock`.
 */
import type { RP2040 } from 'rp2040js';
import type { BusMaster, MasterBus } from '../bus/master.ts';
import type { XipPort } from '../bus/xip-port.ts';
import { Clocks } from '../clocks/clocks.ts';
import { cycleCounter } from '../clocks/cycle-now.ts';
import { Rosc, Xosc } from '../clocks/oscillators.ts';
import { Pll } from '../clocks/pll.ts';
import { MicrosecondTimer } from '../clocks/timer.ts';
import { Watchdog } from '../clocks/watchdog.ts';
import { Dma } from '../dma/dma.ts';
import { REQUEST_ADC, REQUEST_SSI_RX, REQUEST_SSI_TX, REQUEST_XIP_STREAM } from '../dma/registers.ts';
import { FlashChip, type FlashDurations } from '../flash/chip.ts';
import { IoQspi, PadsQspi } from '../flash/io-qspi.ts';
import { QspiBus } from '../flash/qspi-bus.ts';
import { Ssi } from '../flash/ssi.ts';
import { Uart } from '../uart/uart.ts';
import { type Replacement, XipCache } from '../xip/cache.ts';
import { XipAux, XipControl, XipSram } from '../xip/control.ts';
import { XipStream } from '../xip/stream.ts';
import { repairAdc } from './adc.ts';
import { joinPioFifos } from './pio-fifos.ts';
import { PowerStateMachine, type ResetName, Resets, VregAndChipReset } from './power.ts';
import { runSpiInEmulatedTime } from './spi.ts';
import { resetStockBlocks } from './stock-resets.ts';
import { SystemConfig, SystemInfo, TestbenchManager } from './system.ts';

/** What DMA and the XIP cache need of the chip around them. */
export interface Crossbar {
  readonly masterBus: MasterBus;
  addMaster(master: BusMaster): void;
  setXip(xip: XipPort): void;
}

export interface PeripheralOptions {
  /** Flash size in bytes, a power of two. @default 2 MB */
  flashBytes?: number;
  /** Eight bytes that the flash chip reports as its unique id. */
  flashUniqueId?: Uint8Array;
  flashDurations?: Partial<FlashDurations>;
  /** Bytes [start, end) of the flash image changed through the flash chip (program or erase). */
  onFlashChange?: (start: number, end: number) => void;
  /** Which line an XIP miss evicts; no document says. @default 'lru' */
  xipReplacement?: Replacement;
  /** A chip that arbitrates its bus and charges for flash; without one, DMA and flash cost what they cost alone. */
  crossbar?: Crossbar;
  /** Core 1 is held in reset (true), or comes out of it and starts in the boot ROM (false). */
  onCore1Off?: (off: boolean) => void;
}

export interface Peripherals {
  flash: FlashChip;
  qspi: QspiBus;
  ssi: Ssi;
  ioQspi: IoQspi;
  /** The time side of the flash, for the crossbar. */
  xip: XipCache;
  xipControl: XipControl;
  xipStream: XipStream;
  clocks: Clocks;
  timer: MicrosecondTimer;
  watchdog: Watchdog;
  power: PowerStateMachine;
  resets: Resets;
  systemConfig: SystemConfig;
  uart: [Uart, Uart];
  dma: Dma;
}

const DEFAULT_FLASH_BYTES = 2 * 1024 * 1024;
const UART_IRQS = [20, 21] as const;
const UART_REQUESTS = [
  { tx: 20, rx: 21 },
  { tx: 22, rx: 23 },
] as const;
const ADC_DREQ_ENABLE = 1 << 3;
const SILENCE = { debug() {}, info() {}, warn() {}, error() {} };

/** rp2040js declares its blocks read-only; replacing them is what this file is for. */
type Replaceable = { -readonly [Name in keyof RP2040]: unknown };

export function installPeripherals(rp2040: RP2040, options: PeripheralOptions = {}): Peripherals {
  rp2040.logger = SILENCE;
  const resets = new Resets(rp2040);
  rp2040.peripherals[0x4000c] = resets;
  const clockTree = installClocks(rp2040, resets);
  const flashSide = installFlash(rp2040, options);
  const power = new PowerStateMachine(rp2040, 'PSM_BASE');
  power.onCore1Off = options.onCore1Off ?? (() => {});
  rp2040.peripherals[0x40010] = power;
  rp2040.peripherals[0x40064] = new VregAndChipReset(rp2040, 'VREG_AND_CHIP_RESET_BASE');
  const systemConfig = new SystemConfig(rp2040);
  rp2040.peripherals[0x40000] = new SystemInfo(rp2040, 'SYSINFO_BASE');
  rp2040.peripherals[0x40004] = systemConfig;
  rp2040.peripherals[0x4006c] = new TestbenchManager(rp2040, 'TBMAN_BASE');
  resets.onReset('syscfg', () => systemConfig.powerOn());
  resets.onReset('io_qspi', () => flashSide.ioQspi.powerOn());
  resetStockBlocks(rp2040, resets);
  const uart = installUarts(rp2040, resets);
  const dma = installDma(rp2040, resets);
  for (const n of [0, 1] as const) {
    uart[n].onRequests = ({ tx, rx }) => {
      dma.setLevel(UART_REQUESTS[n].tx, tx);
      dma.setLevel(UART_REQUESTS[n].rx, rx);
    };
  }
  flashSide.ssi.onRequests = ({ tx, rx }) => {
    dma.setLevel(REQUEST_SSI_TX, tx);
    dma.setLevel(REQUEST_SSI_RX, rx);
  };
  flashSide.xipStream.onLevel = (level) => dma.setLevel(REQUEST_XIP_STREAM, level);
  if (options.crossbar) {
    dma.connect(options.crossbar.masterBus);
    for (const master of dma.masters) options.crossbar.addMaster(master);
    options.crossbar.setXip(flashSide.xip);
  }
  for (const pio of rp2040.pio) pio.machines.forEach(joinPioFifos);
  for (const spi of rp2040.spi) runSpiInEmulatedTime(rp2040, spi);
  const setAdcClock = repairAdc(rp2040.adc);
  const { clocks, timer, watchdog } = clockTree;
  clocks.onChange = () => {
    setAdcClock(clocks.frequency('adc'));
    watchdog.referenceIs(clocks.refFreq);
  };
  clocks.update();
  return { ...flashSide, clocks, timer, watchdog, power, resets, systemConfig, uart, dma };
}

function installClocks(rp2040: RP2040, resets: Resets) {
  // The tree's parts tell the generators when they change; the generators are built last.
  const changed = () => clocks.update();
  const xosc = new Xosc(rp2040, changed);
  const rosc = new Rosc(rp2040, changed);
  const pllSys = new Pll(rp2040, 'PLL_SYS_BASE', () => xosc.frequency, changed);
  const pllUsb = new Pll(rp2040, 'PLL_USB_BASE', () => xosc.frequency, changed);
  const clocks: Clocks = new Clocks(rp2040, {
    xosc: () => xosc.frequency,
    rosc: () => rosc.frequency,
    pllSys: () => pllSys.frequency,
    pllUsb: () => pllUsb.frequency,
  });
  const watchdog = installWatchdog(rp2040, () => clocks.refFreq);
  const timer = new MicrosecondTimer(rp2040, () => watchdog.tickHz);
  watchdog.onTickChange = () => timer.clockChanged();
  Object.assign(rp2040 as Replaceable, { clocks, pllSys, pllUsb });
  rp2040.peripherals[0x40008] = clocks;
  rp2040.peripherals[0x40024] = xosc;
  rp2040.peripherals[0x40028] = pllSys;
  rp2040.peripherals[0x4002c] = pllUsb;
  rp2040.peripherals[0x40054] = timer;
  rp2040.peripherals[0x40060] = rosc;
  resets.onReset('pll_sys', () => pllSys.powerOn());
  resets.onReset('pll_usb', () => pllUsb.powerOn());
  resets.onReset('timer', () => timer.powerOn());
  return { clocks, timer, watchdog };
}

/** What survives a reset of the chip, and who is told of one, is taken over from the block that was there before. */
function installWatchdog(rp2040: RP2040, refHz: () => number): Watchdog {
  const before = rp2040.peripherals[0x40058] as unknown as Partial<Watchdog>;
  const watchdog = new Watchdog(rp2040, refHz);
  if (before.scratchData) watchdog.scratchData.set(before.scratchData);
  watchdog.reason = before.reason ?? 0;
  watchdog.onWatchdogTrigger = () => before.onWatchdogTrigger?.();
  rp2040.peripherals[0x40058] = watchdog;
  return watchdog;
}

function installFlash(rp2040: RP2040, options: PeripheralOptions) {
  const flash = new FlashChip({
    array: rp2040.flash,
    sizeBytes: options.flashBytes ?? DEFAULT_FLASH_BYTES,
    nanos: () => rp2040.clock.nanos,
    uniqueId: options.flashUniqueId,
    durations: options.flashDurations,
    onChange: options.onFlashChange,
  });
  const qspi = new QspiBus(flash);
  const ssi = new Ssi(rp2040, qspi);
  const ioQspi = new IoQspi(rp2040, qspi);
  rp2040.peripherals[0x18000] = ssi;
  rp2040.peripherals[0x40018] = ioQspi;
  rp2040.peripherals[0x40020] = new PadsQspi(rp2040, ioQspi);
  return { flash, qspi, ssi, ioQspi, ...installXip(rp2040, ssi, options) };
}

function installXip(rp2040: RP2040, ssi: Ssi, options: PeripheralOptions) {
  const now = cycleCounter(rp2040);
  const source = {
    cyclesPerWord: () => ssi.cyclesPerWord,
    readWord: (address: number) => ssi.readWord(address),
  };
  const stream = new XipStream(rp2040, source, now);
  const xip = new XipCache(ssi, stream, options.xipReplacement);
  const xipControl = new XipControl(rp2040, xip, stream, now);
  rp2040.peripherals[0x14000] = xipControl;
  rp2040.peripherals[0x15000] = new XipSram(rp2040, xip);
  rp2040.peripherals[0x50400] = new XipAux(rp2040, stream);
  return { xip, xipControl, xipStream: stream };
}

function installUarts(rp2040: RP2040, resets: Resets): [Uart, Uart] {
  const make = (n: 0 | 1) => {
    const uart = new Uart(rp2040, `UART${n}`, UART_IRQS[n]);
    const before = rp2040.uart[n];
    if (before.onByte) uart.onByte = before.onByte;
    if (before.onBaudRateChange) uart.onBaudRateChange = before.onBaudRateChange;
    const name: ResetName = n === 0 ? 'uart0' : 'uart1';
    resets.onReset(name, () => uart.powerOn());
    return uart;
  };
  const uarts: [Uart, Uart] = [make(0), make(1)];
  for (const n of [0, 1] as const) {
    rp2040.uart[n] = uarts[n] as unknown as RP2040['uart'][number];
    rp2040.peripherals[n === 0 ? 0x40034 : 0x40038] = uarts[n];
  }
  return uarts;
}

/** A FIFO of rp2040js. */
interface StockFifo {
  readonly size: number;
  readonly itemCount: number;
}

function installDma(rp2040: RP2040, resets: Resets): Dma {
  const dma = new Dma(rp2040, cycleCounter(rp2040));
  rp2040.pio.forEach((pio, block) => {
    pio.machines.forEach((_, n) => {
      const machine = pio.machines[n] as unknown as { txFIFO: StockFifo; rxFIFO: StockFifo };
      dma.requests.provide(8 * block + n, () => machine.txFIFO.size - machine.txFIFO.itemCount);
      dma.requests.provide(8 * block + 4 + n, () => machine.rxFIFO.itemCount);
    });
  });
  rp2040.spi.forEach((spi, n) => {
    const fifos = spi as unknown as { txFIFO: StockFifo; rxFIFO: StockFifo };
    dma.requests.provide(16 + 2 * n, () => fifos.txFIFO.size - fifos.txFIFO.itemCount);
    dma.requests.provide(17 + 2 * n, () => fifos.rxFIFO.itemCount);
  });
  const adc = rp2040.adc as unknown as { fifo: StockFifo; fcs: number };
  dma.requests.provide(REQUEST_ADC, () => (adc.fcs & ADC_DREQ_ENABLE ? adc.fifo.itemCount : 0));
  Object.assign(rp2040 as Replaceable, { dma });
  rp2040.peripherals[0x50000] = dma;
  resets.onReset('dma', () => dma.powerOn());
  return dma;
}
