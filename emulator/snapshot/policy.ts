/** What of an emulated Pico is not its state: what watches it from outside, and what follows from the rest. */
import { Chip } from '../chip/chip.ts';
import { CodeCache } from '../core/code-cache.ts';
import { PicoPin } from '../ports/pin.ts';
import { PicoUart } from '../ports/uart.ts';
import { PicoUsb } from '../ports/usb.ts';
import { TwoCoreMachine } from '../two-cores/machine.ts';
import { XipCache } from '../xip/cache.ts';
import type { GraphPolicy } from './graph.ts';

type Class = abstract new (...args: never[]) => object;

/** Fields that are left alone, by class. Those of a class hold for its subclasses too. */
const SKIPPED: readonly [Class, readonly string[]][] = [
  // Who listens and who debugs belongs to the host.
  [PicoPin, ['listeners']],
  [PicoUart, ['listeners', 'receivers']],
  [PicoUsb, ['listeners']],
  [TwoCoreMachine, ['counterListeners', 'instructions', 'stopRequested']],
  [Chip, ['watches', 'breakpoints', 'onBreakpoint', 'onFault', 'onBreak', 'onCounterRead', 'stopReason']],
  // Follows from the cache's tags; four megabytes.
  [XipCache, ['resident']],
];

/** Fields by name, in whatever object: rp2040js' pins and our loop keep their observers so. */
const SKIPPED_ANYWHERE = new Set(['calls', 'logger']);

/** Decoded code is decoded again. */
const isCodeRegion = (value: object): boolean => 'decoded' in value && 'kind' in value;

/** @param keptElsewhere buffers that somebody else saves */
export const machinePolicy = (keptElsewhere: ReadonlySet<object>): GraphPolicy => {
  const byClass = new Map<unknown, ReadonlySet<string>>();
  const skippedFields = (value: object): ReadonlySet<string> => {
    const known = byClass.get(value.constructor);
    if (known !== undefined) return known;
    const fields = new Set(SKIPPED_ANYWHERE);
    for (const [owner, names] of SKIPPED)
      if (value instanceof owner) for (const name of names) fields.add(name);
    byClass.set(value.constructor, fields);
    return fields;
  };
  return {
    isOpaque: (value) => value instanceof CodeCache || isCodeRegion(value) || keptElsewhere.has(value),
    skippedFields,
  };
};
