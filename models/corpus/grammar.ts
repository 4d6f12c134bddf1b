/** Tells stories from the plots: who and what takes part is drawn once, then each beat is told in one of its ways. */
import type { Entity } from './lexicon.ts';
import { type Plot, plots } from './plots.ts';
import { hash32, Random } from './random.ts';

export interface Story {
  text: string;
  /** What the story is about, without names and looks: two stories of one plot differ only in those. */
  plot: string;
  heldOut: boolean;
}

export type Split = 'train' | 'held-out';

/** One plot in so many is never trained on. */
export const HELD_OUT_ONE_IN = 20;

export type Cast = Record<string, Entity>;

/** A plot with its cast, as `plotKey` counts plots: kinds of characters, and names of everything else. */
function plotKey(plot: Plot, cast: Cast): string {
  const parts = Object.entries(cast).map(([role, entity]) =>
    role === 'friend' ? '' : (entity['kind'] ?? entity['name']),
  );
  return [plot.name, ...parts].filter((part) => part !== '').join(' / ');
}

function drawCast(plot: Plot, random: Random): Cast {
  for (;;) {
    const cast = Object.fromEntries(
      Object.entries(plot.roles).map(([role, list]) => [role, random.pick(list)]),
    );
    if (cast['hero']['name'] !== cast['friend']['name']) return cast;
  }
}

/** Words of `{role.attribute}`. */
function attribute(cast: Cast, slot: string): string {
  const [role, name = 'name'] = slot.split('.');
  const words = cast[role]?.[name];
  if (words === undefined) throw new Error(`the story grammar has no {${slot}}`);
  return words;
}

function render(template: string, cast: Cast, random: Random): string {
  const chosen = template.replace(/\(([^)]*)\)/g, (_, choices: string) => random.pick(choices.split('|')));
  return chosen.replace(/\{([^}]*)\}/g, (_, slot: string) => attribute(cast, slot));
}

export function tellStory(random: Random): Story {
  const plot = random.pick(plots);
  const cast = drawCast(plot, random);
  const key = plotKey(plot, cast);
  const sentences = plot.beats.map((ways) => render(random.pick(ways), cast, random)).filter((s) => s !== '');
  return { text: sentences.join(' '), plot: key, heldOut: hash32(key) % HELD_OUT_ONE_IN === 0 };
}

/** Endless stories of one split; the same seed gives the same stories. */
export function* stories(seed: number, split: Split): Generator<string> {
  const random = new Random(hash32(`${seed} ${split}`));
  for (;;) {
    const story = tellStory(random);
    if (story.heldOut === (split === 'held-out')) yield story.text;
  }
}
