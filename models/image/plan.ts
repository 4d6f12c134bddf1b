/**
 * The memory planner: every region, tensor and table gets a fixed place before the device sees the model, so there is no heap
 * and nothing fragments. What must change lies in SRAM; what is only read lies in SRAM while there is room, hot things first.
 */
import type { QuantizedModel } from '../quantized.ts';
import { ImageError } from './errors.ts';
import {
  boundLayerBytes,
  defaultArenaLimit,
  defaultFlashLimit,
  imageAddress,
  matrixBytes,
  outputBesideScores,
  pad,
  regionBytes,
  regionNames,
  scaleBytes,
  type TensorSlot,
  tableBytes,
  tablesOf,
  tensorSlots,
} from './layout.ts';
import { planStream, type StreamCandidate } from './stream-plan.ts';
import { matrixOf } from './tensors.ts';

/** What the memory planner may use, and where weights are to lie. */
export interface PlanOptions {
  /** SRAM for the model. @default 233,472 bytes (228 KB) */
  arenaLimit?: number;
  /** Flash for the image. @default 1,835,008 bytes (2 MB - 256 KB) */
  flashLimit?: number;
  /**
   * `auto`: in SRAM what fits, the most often read bytes first; `sram`: everything or refuse; `flash`: only working memory in
   * SRAM; `streamed`: in SRAM what fits beside a ring through which the other matrices come from flash.
   * @default 'auto'
   */
  placement?: 'auto' | 'sram' | 'flash' | 'streamed';
}

export interface PlannedRange {
  name: string;
  offset: number;
  bytes: number;
}

/** Where a read-only part lies; `arena` offsets only when it is in SRAM. */
export interface PlannedPart {
  name: string;
  placement: 'flash' | 'sram' | 'streamed';
  bytes: number;
  arena?: number;
  scaleArena?: number;
  /** Blocks of a tile, of streamed matrices. */
  tile?: number;
}

/** Where everything of a model lies in SRAM and flash, in bytes; `formatPlan` prints it. */
export interface MemoryPlan {
  model: string;
  parameters: number;
  arenaLimit: number;
  flashLimit: number;
  /** Bytes of SRAM the image claims. */
  arenaBytes: number;
  /** Bytes of flash the image takes; set by the writer. */
  imageBytes: number;
  /** By offset; only matvec output, scores and logits overlap. */
  sram: PlannedRange[];
  /** Sections of the file by offset; set by the writer. */
  flash: PlannedRange[];
  regions: PlannedRange[];
  tensors: PlannedPart[];
  tables: PlannedPart[];
}

interface Candidate {
  part: PlannedPart;
  scaleBytes: number;
  /** Reads of each byte per token, roughly; higher goes to SRAM first. */
  heat: number;
  /** What of it may be streamed. */
  stream?: StreamCandidate;
}

/** @throws ImageError too-big-for-sram when working memory (or, for `sram`, everything) does not fit. */
export function planMemory(model: QuantizedModel, options: PlanOptions = {}): MemoryPlan {
  const { flashLimit = defaultFlashLimit, placement = 'auto' } = options;
  const arenaLimit = (options.arenaLimit ?? defaultArenaLimit) - boundLayerBytes(model.shape.layers);
  const slots = tensorSlots(model.shape);
  const tensors = slots.map((slot) => tensorCandidate(model, slot));
  const tables = tablesOf(model.shape).map((name): Candidate => {
    const bytes = tableBytes(name, model.shape, model.tables.exp.length);
    // One row of the rotary table serves a token; the others are looked up for every value they make.
    const heat = name === 'rope' ? model.shape.layers / model.shape.context : 4;
    return { part: { name: `table ${name}`, placement: 'flash', bytes }, scaleBytes: 0, heat };
  });

  const sram: PlannedRange[] = [];
  let used = 0;
  const take = (name: string, bytes: number): number => {
    const offset = used;
    sram.push({ name, offset, bytes });
    used += pad(bytes, 4);
    return offset;
  };
  const least = regionBytes(model.shape, model.single !== undefined);
  const regions = least.map((bytes, i): PlannedRange => ({ name: regionNames[i], offset: 0, bytes }));
  for (const region of regions.slice(0, 4)) region.offset = take(region.name, region.bytes);
  const [output, scores, logits] = regions.slice(4);
  output.offset = used;
  logits.offset = used;
  scores.offset = used + outputBesideScores(model.shape);
  for (const region of [output, logits, scores]) {
    sram.push(region);
    used = Math.max(used, region.offset + pad(region.bytes, 4));
  }
  if (used > arenaLimit) throw tooBigForSram(model, regions, used, arenaLimit);

  const candidates = [...tensors, ...tables];
  const size = ({ part, scaleBytes }: Candidate) => pad(part.bytes, 4) + pad(scaleBytes, 4);
  const total = used + candidates.reduce((sum, candidate) => sum + size(candidate), 0);
  if (placement === 'sram' && total > arenaLimit) throw tooBigForSram(model, regions, total, arenaLimit);
  let streaming = false;
  if (model.single) regions.push({ name: regionNames[7], offset: take(regionNames[7], 0), bytes: 0 });
  if (placement === 'streamed' && total > arenaLimit && !model.single) {
    const ringBytes = chooseStreamed(tensors, arenaLimit - used - fixedBytes(candidates));
    if (ringBytes === undefined) throw noRoomForRing(model, used + fixedBytes(candidates), arenaLimit);
    streaming = true;
    regions.push({ name: regionNames[7], offset: take(regionNames[7], ringBytes), bytes: ringBytes });
  }
  const isPinned = ({ part, stream }: Candidate) =>
    part.placement !== 'streamed' && !(streaming && stream === undefined && isLookup(part.name, model));
  if (placement !== 'flash') {
    const byHeat = [...candidates].sort((a, b) => b.heat - a.heat);
    for (const candidate of total <= arenaLimit ? candidates : byHeat.filter(isPinned)) {
      if (used + size(candidate) > arenaLimit) continue;
      candidate.part.placement = 'sram';
      candidate.part.arena = take(candidate.part.name, candidate.part.bytes);
      if (candidate.scaleBytes > 0) {
        candidate.part.scaleArena = take(`${candidate.part.name} scales`, candidate.scaleBytes);
      }
    }
  }
  return {
    model: model.name,
    parameters: model.parameters,
    arenaLimit,
    flashLimit,
    arenaBytes: used,
    imageBytes: 0,
    sram,
    flash: [],
    regions,
    tensors: tensors.map(({ part }) => part),
    tables: tables.map(({ part }) => part),
  };
}

function tensorCandidate(model: QuantizedModel, slot: TensorSlot): Candidate {
  const name = slotName(slot);
  if (slot.isGain) {
    const bytes = (model.single ? 4 : 2) * slot.columns;
    return { part: { name, placement: 'flash', bytes }, scaleBytes: 0, heat: 3 };
  }
  if (model.single) {
    const heat = isLookup(name, model) ? 1 / slot.rows : 1;
    return { part: { name, placement: 'flash', bytes: 4 * slot.rows * slot.columns }, scaleBytes: 0, heat };
  }
  const { format } = matrixOf(model, slot);
  const lookup = isLookup(name, model);
  return {
    part: { name, placement: 'flash', bytes: matrixBytes(format, slot.rows, slot.columns) },
    scaleBytes: scaleBytes(format, slot.rows),
    heat: lookup ? 1 / slot.rows : 1,
    stream: lookup ? undefined : { format, rows: slot.rows, columns: slot.columns },
  };
}

/** An embedding that is not the output matrix too: one row of it serves a token, before anything is streamed. */
function isLookup(name: string, { shape }: QuantizedModel): boolean {
  return name === 'embedding' && !shape.tied;
}

/** What must be in SRAM while a token streams, besides working memory and matrices. */
function fixedBytes(candidates: Candidate[]): number {
  return candidates
    .filter(({ part, stream }) => stream === undefined && part.name !== 'embedding')
    .reduce((sum, { part }) => sum + pad(part.bytes, 4), 0);
}

/** Marks the streamed matrices; returns the bytes of the ring, or undefined when there is no room for one. */
function chooseStreamed(tensors: Candidate[], room: number): number | undefined {
  // In the order of a token: a tied embedding is used last.
  const matrices = tensors.filter(({ stream }) => stream !== undefined);
  const inOrder = [...matrices].sort((a, b) => Number(a === tensors[0]) - Number(b === tensors[0]));
  const plan = planStream(
    inOrder.map(({ stream }) => stream!),
    room,
  );
  if (plan === undefined) return undefined;
  inOrder.forEach(({ part, scaleBytes: scales }, i) => {
    if (plan.tiles[i] === 0) return;
    part.placement = 'streamed';
    part.tile = plan.tiles[i];
    part.bytes += scales;
  });
  return plan.ringBytes;
}

/** `layer 2 wqkv`, `embedding`. */
export function slotName({ kind, layer }: TensorSlot): string {
  return layer === undefined ? kind : `layer ${layer} ${kind}`;
}

function tooBigForSram(
  model: QuantizedModel,
  regions: PlannedRange[],
  needed: number,
  limit: number,
): ImageError {
  const parts = regions.map(({ name, bytes }) => `${name} ${number(bytes)}`).join(', ');
  return new ImageError(
    'too-big-for-sram',
    `${model.name} needs ${number(needed)} bytes of SRAM, ${number(needed - limit)} more than the ${number(limit)} there are ` +
      `(working memory: ${parts}); shorten the context (${model.shape.context}), or use fewer key-value heads or layers`,
  );
}

function noRoomForRing(model: QuantizedModel, taken: number, limit: number): ImageError {
  return new ImageError(
    'too-big-for-sram',
    `${model.name} cannot stream: working memory, scales and tables take ${number(taken)} of the ${number(limit)} bytes of SRAM, ` +
      'and the rest has no room for a tile of every matrix twice; use another placement, or shorten the context',
  );
}

/** @throws ImageError too-big-for-flash. */
export function checkFlash(plan: MemoryPlan): void {
  const { imageBytes, flashLimit, model } = plan;
  if (imageBytes <= flashLimit) return;
  throw new ImageError(
    'too-big-for-flash',
    `${model} takes ${number(imageBytes)} bytes of flash, ${number(imageBytes - flashLimit)} more than the ` +
      `${number(flashLimit)} there are; use int4, a smaller vocabulary or fewer parameters`,
  );
}

/** The plan as text, like a linker map: what, where, how many bytes, what is left. */
export function formatPlan(plan: MemoryPlan): string {
  const { model, parameters, sram, flash, arenaBytes, arenaLimit, imageBytes, flashLimit } = plan;
  const line = ({ name, offset, bytes }: PlannedRange, base: number) =>
    `  0x${(base + offset).toString(16).padStart(8, '0')} ${number(bytes).padStart(9)}  ${name}`;
  const summary = (used: number, limit: number) =>
    `  ${number(used)} of ${number(limit)} bytes used (${((100 * used) / limit).toFixed(1)} %), ${number(limit - used)} left`;
  return [
    `${model}: ${number(parameters)} parameters`,
    'SRAM for the model, offsets in the arena',
    ...sram.map((range) => line(range, 0)),
    summary(arenaBytes, arenaLimit),
    'Flash for the model, addresses',
    ...flash.map((range) => line(range, imageAddress)),
    summary(imageBytes, flashLimit),
  ].join('\n');
}

function number(n: number): string {
  return n.toLocaleString('en-US');
}
