/** What a report says: the numbers, and the line for people. */
import type { Sequences } from './batches.ts';
import type { Report } from './worker.ts';

export interface Measured {
  /** Nats per token on held-out stories. */
  heldOutLoss: number;
  /** Bits per byte of held-out text, the ends of stories included. */
  bitsPerByte: number;
  /** Of the training steps alone: without start, teacher, held-out loss and samples. */
  tokensPerSecond: number;
  /** The teacher's bits per byte of the same text; absent without one. */
  teacherBitsPerByte?: number;
}

export function measure(report: Report, heldOut: Sequences): Measured {
  const { heldOutLoss, teacherLoss } = report;
  const perByte = report.heldOutTokens / Math.LN2 / heldOut.bytes;
  return {
    heldOutLoss,
    bitsPerByte: heldOutLoss * perByte,
    ...(teacherLoss === null ? {} : { teacherBitsPerByte: teacherLoss * perByte }),
    tokensPerSecond: report.newTokens / report.stepSeconds,
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
    (measured.teacherBitsPerByte === undefined
      ? ''
      : `(teacher ${measured.teacherBitsPerByte.toFixed(3)})  `) +
    `${Math.round(measured.tokensPerSecond)} tokens/s  ${left} left`
  );
}
