/** What a report says: the numbers, and the line for people. */
import type { Sequences } from './batches.ts';
import type { Report } from './worker.ts';

export interface Measured {
  /** Nats per token on held-out stories. */
  heldOutLoss: number;
  /** Bits per byte of held-out text, the ends of stories included. */
  bitsPerByte: number;
  tokensPerSecond: number;
}

export function measure(report: Report, heldOut: Sequences): Measured {
  const bits = (report.heldOutLoss * report.heldOutTokens) / Math.LN2;
  return {
    heldOutLoss: report.heldOutLoss,
    bitsPerByte: bits / heldOut.bytes,
    tokensPerSecond: report.newTokens / report.seconds,
  };
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

export function describeReport(report: Report, measured: Measured): string {
  const { state, progress, seconds, loss } = report;
  const perToken = seconds / report.newTokens;
  const left = duration(perToken * state.tokens * (1 / progress - 1));
  return (
    `step ${state.step}  loss ${loss.toFixed(3)}  ` +
    `held-out ${measured.heldOutLoss.toFixed(3)} nats/token, ${measured.bitsPerByte.toFixed(3)} bits/byte  ` +
    `${Math.round(measured.tokensPerSecond)} tokens/s  ${left} left`
  );
}
