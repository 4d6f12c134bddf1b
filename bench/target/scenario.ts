/**
 * A scenario is what to generate: a model, a prompt, a sampler and a number of tokens. It runs on any target, and gives
 * the same tokens and integer logits on all of them, bit for bit.
 */
import type { Pico } from '../../emulator/index.ts';
import type { DoneReason } from '../link/index.ts';
import type { LoadedModel } from './model.ts';

/** Fractions are Q16 as in models/ARITHMETIC.md section 7. */
export interface SamplerSettings {
  /** 0 is greedy; otherwise 655..6,553,600 (0.01 to 100). */
  temperature: number;
  /** 0 is off. */
  topK: number;
  /** 65,536 and more is off. */
  topP: number;
  /** u32; has no effect on greedy runs. */
  seed: number;
}

export const GREEDY: SamplerSettings = { temperature: 0, topK: 0, topP: 65536, seed: 0 };

export interface Scenario {
  model: LoadedModel;
  prompt: string;
  /** Tokens to generate at most; an end-of-text token or the end of the context ends the run earlier. */
  tokens: number;
  sampler: SamplerSettings;
  /** Whether every token's logits are wanted. @default false */
  logits?: boolean;
  /** Cores that compute; results do not depend on it. @default what the firmware takes */
  cores?: 1 | 2;
  /** clk_sys that the firmware is asked to set. @default what the firmware boots with */
  clockHz?: number;
}

export type TargetName = 'host' | 'emulator' | 'board';

export interface GeneratedToken {
  /** 0 for the first generated token. */
  index: number;
  token: number;
  /** Bytes of text; may end inside a UTF-8 character. */
  piece: Uint8Array;
  /** Integer logits (fraction Fl of the model) that chose the token, when asked for. */
  logits?: Int32Array;
}

export interface ScenarioResult {
  target: TargetName;
  /** The prompt as the target encoded it. */
  promptTokens: number[];
  tokens: number[];
  pieces: Uint8Array[];
  /** One array of `vocabulary` values for each token; empty unless asked for. */
  logits: Int32Array[];
  reason: DoneReason;
  /** Absent on targets that have no cycles. */
  measured?: Measurement;
}

/** What an emulator or a board measured; on the emulator the numbers of a run are the same every time. */
export interface Measurement {
  /** clk_sys during the run: as the emulator's clock tree has it, or as the board says. */
  clockHz: number;
  /** For each token, cycles from its predecessor's id given to the engine to its own id known. */
  cyclesPerToken: number[];
  /** For each token, its cycles by phase in the order of PHASES. */
  phasesPerToken: number[][];
  /** For each prompt token but the last, the cycles of its forward pass. */
  prefillCycles: number[];
  /** SRAM in use: the model's arena and everything the firmware links into RAM. */
  sramBytes: number;
  /** Flash in use: firmware and model image. */
  flashBytes: number;
  /** The most stack that each core has used, in bytes, as the firmware says. */
  stackHighWater?: number[];
  /** Cores that the firmware has at work. */
  cores?: number;
  /** Version of the table of timing rules that the cycles follow; `board` when they were counted on silicon. */
  timingVersion: string;
  /** SHA-256 of the firmware binary, hexadecimal; of an unknown build on a board, what that says of itself. */
  firmwareSha256: string;
}

export interface RunOptions {
  /** Called with each token as soon as the target has it. */
  onToken?: (token: GeneratedToken) => void;
  /** Looks at the emulated Pico; of no use to targets that have none. */
  observer?: RunObserver;
}

/** Somebody who looks at the Pico while it generates. Looking changes no cycle. */
export interface RunObserver {
  /** The Pico is there, with the firmware loaded, and has not run. */
  connected(pico: Pico): void;
  /** It has booted; the generation is asked for next. */
  began(): void;
  /** The generation is done. */
  ended(): void;
}

/** A place where scenarios run. */
export interface Target {
  readonly name: TargetName;
  /** @throws ScenarioError when the scenario cannot be run on this target or its run ends badly. */
  run(scenario: Scenario, options?: RunOptions): Promise<ScenarioResult>;
}

/** Why a scenario has no result: `input` is the asker's to mend, the others are the target's. */
export type ScenarioFailure = 'input' | 'fault' | 'timeout' | 'disagreement' | 'device';

export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  readonly failure: ScenarioFailure;
  /** Longer text for people, such as a fault report. */
  readonly report: string | undefined;

  constructor(failure: ScenarioFailure, message: string, report?: string) {
    super(message);
    this.failure = failure;
    this.report = report;
  }
}
