/** The story grammar read backwards: can it produce this sentence? The measure of a model's coherence. */
import type { Entity } from './lexicon.ts';
import { type Plot, plots } from './plots.ts';

/** A sentence ends at `.`, `!` or `?`, with a closing quote or not, before a capital letter or a quote. */
export function splitSentences(text: string): string[] {
  return text.split(/(?<=[.!?]"?) (?=["A-Z])/).filter((sentence) => sentence !== '');
}

interface Pattern {
  regex: RegExp;
  /** Role and attribute of each capture group. */
  slots: { role: string; attribute: string }[];
  plot: Plot;
}

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Alternatives for a slot, longest first. */
function alternatives(entities: readonly Entity[], attribute: string): string {
  const values = new Set(entities.map((entity) => entity[attribute]));
  return [...values]
    .sort((a, b) => b.length - a.length)
    .map(literally)
    .join('|');
}

const START_OF_SENTENCE = /(?<=[.!?]"?) (?=["A-Z]|\([A-Z]|\{(?:hero|friend)[}]|\{\w+\.(?:[A-Z]\w*|intro)\})/;

function compile(plot: Plot, template: string): Pattern {
  const slots: Pattern['slots'] = [];
  const parts = template.split(/(\{[^}]*\}|\([^)]*\))/).map((part) => {
    if (part.startsWith('(')) return `(?:${part.slice(1, -1).split('|').map(literally).join('|')})`;
    if (!part.startsWith('{')) return literally(part);
    const [role, attribute = 'name'] = part.slice(1, -1).split('.');
    slots.push({ role, attribute });
    return `(${alternatives(plot.roles[role], attribute)})`;
  });
  return { regex: new RegExp(`^${parts.join('')}$`), slots, plot };
}

let compiled: Pattern[] | null = null;

/** Every sentence of every plot; templates that several plots share with the same lists are compiled once. */
function patterns(): Pattern[] {
  if (compiled !== null) return compiled;
  const unique = new Map<string, Pattern>();
  for (const plot of plots) {
    for (const template of plot.beats.flat().flatMap((way) => way.split(START_OF_SENTENCE))) {
      if (template === '') continue;
      const pattern = compile(plot, template);
      const key = pattern.regex.source + pattern.slots.map((slot) => slot.role).join();
      if (!unique.has(key)) unique.set(key, pattern);
    }
  }
  compiled = [...unique.values()];
  return compiled;
}

/** Whether one cast can have all the captured words: every role has an entity that agrees with each of its mentions. */
function agrees({ slots, plot }: Pattern, captured: string[]): boolean {
  const fitting = (role: string): readonly Entity[] =>
    slots.reduce(
      (entities, slot, i) =>
        slot.role === role ? entities.filter((entity) => entity[slot.attribute] === captured[i]) : entities,
      plot.roles[role],
    );
  if ([...new Set(slots.map((slot) => slot.role))].some((role) => fitting(role).length === 0)) return false;
  const names = (role: string) => new Set(fitting(role).map((entity) => entity['name']));
  const [heroes, friends] = [names('hero'), names('friend')];
  return heroes.size > 1 || friends.size > 1 || [...heroes][0] !== [...friends][0];
}

export function canProduce(sentence: string): boolean {
  return patterns().some((pattern) => {
    const match = pattern.regex.exec(sentence);
    return match !== null && agrees(pattern, match.slice(1));
  });
}

/** Share of a story's sentences that the grammar can produce; an unfinished last sentence is left out. */
export function coherence(stories: Iterable<string>): { sentences: number; share: number } {
  let sentences = 0;
  let good = 0;
  for (const story of stories) {
    for (const sentence of splitSentences(story.trim())) {
      if (!/[.!?]"?$/.test(sentence)) continue;
      sentences++;
      if (canProduce(sentence)) good++;
    }
  }
  return { sentences, share: sentences === 0 ? 0 : good / sentences };
}
