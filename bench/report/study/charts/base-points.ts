/** The base points of the ladders, as the charts call and colour them. */
import { FACTORS } from '../../../study/findings/factors.ts';
import { BASE_POINTS } from '../../../study/ladders.ts';
import { BLUE, GREEN, GREY, ORANGE } from '../chart.ts';

const pointText = (name: string): string => {
  const { vocabulary, dim, hidden, layers } = BASE_POINTS[name]!;
  return `vocabulary ${vocabulary}, dim ${dim}, hidden ${hidden}, ${layers} layer${layers > 1 ? 's' : ''}`;
};

export const BASES = [
  { name: 'small', color: ORANGE },
  { name: 'middle', color: GREEN },
  { name: 'large', color: BLUE },
].map((each) => ({ ...each, label: `${each.name}: ${pointText(each.name)}` }));

export const colorOf = ({ base: name }: { base: string }): string =>
  BASES.find((each) => each.name === name)?.color ?? GREY;

export const titleOf = (factor: string): string => FACTORS[factor]!.title;
