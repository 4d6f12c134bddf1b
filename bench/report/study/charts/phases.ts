/** What a token's cycles go to, from the smallest shape to the largest. */
import { percentText, roughly } from '../../../study/findings/text.ts';
import { usualVariants, type Variant } from '../../../study/findings/variants.ts';
import { BLUE, base, type Chart, type ChartMaker, GREEN, GREY, isNarrow, ORANGE, PURPLE } from '../chart.ts';
import { shapeLabel } from './shape-label.ts';

/** Phases that are told apart, in the order of the bar. */
const GROUPS = [
  { label: 'matrices of attention', phases: ['qkv', 'output'], color: BLUE, isMatrix: true },
  { label: 'feed-forward', phases: ['ffn'], color: GREEN, isMatrix: true },
  { label: 'logits', phases: ['logits'], color: ORANGE, isMatrix: true },
  { label: 'scores and values', phases: ['rope', 'attention'], color: PURPLE, isMatrix: false },
  { label: 'norms, embedding, sampling', phases: ['embed', 'norm', 'sample'], color: GREY, isMatrix: false },
];

interface Share {
  shape: string;
  label: string;
  share: number;
  cycles: number;
  /** Where its part of the bar has its middle. */
  middle: number;
}

/** Narrower parts have no number in them. */
const LABELLED = 0.08;

export const phaseChart: ChartMaker = (results): Chart | undefined => {
  const variants = usualVariants(results.rows.variants).sort((a, b) => a.cycles - b.cycles);
  const [first, last] = [variants[0], variants.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const shares = variants.flatMap(sharesOf);
  return {
    id: 'phases',
    title:
      `Matrices take ${percentText(matrices(first))} of a token's cycles in the smallest shape, ${percentText(matrices(last))} in the largest: ` +
      'only there does a faster multiply-add pay in full',
    caption: `Where the cycles of a token at the end of the context go; shapes from ${roughly(first.cycles)} to ${roughly(last.cycles)} cycles a token, multiply-adds of each in brackets. int8, two cores.`,
    legend: GROUPS.map(({ label, color }) => ({ label, color, mark: 'band' as const })),
    options: (plot, width) => ({
      ...base(width, 50 + 40 * variants.length),
      marginTop: 8,
      marginLeft: isNarrow(width) ? 112 : 132,
      x: { label: 'share of cycles', tickFormat: percentText, ticks: isNarrow(width) ? 3 : 5 },
      y: { domain: variants.map(shapeLabel), label: null, padding: 0.25, tickSize: 0 },
      color: { domain: GROUPS.map(({ label }) => label), range: GROUPS.map(({ color }) => color) },
      marks: [
        plot.barX(shares, {
          y: 'shape',
          x: 'share',
          fill: 'label',
          order: GROUPS.map(({ label }) => label),
          insetLeft: 0.5,
          insetRight: 0.5,
          title: ({ shape, label, share, cycles }: Share) =>
            `${shape}: ${label}\n${roughly(cycles)} cycles, ${percentText(share)}`,
        }),
        plot.text(
          shares.filter(({ share }) => share >= (isNarrow(width) ? 2 : 1) * LABELLED),
          {
            y: 'shape',
            x: 'middle',
            text: ({ share }: Share) => percentText(share),
            fill: 'var(--on-mark)',
            fontSize: 11.5,
            fontWeight: 600,
            pointerEvents: 'none',
          },
        ),
      ],
    }),
  };
};

const cyclesOf = ({ row }: Variant, phases: readonly string[]): number =>
  phases.reduce((sum, phase) => sum + row.phases[phase]!.at(-1)!, 0);

const sharesOf = (variant: Variant): Share[] => {
  const total = variant.row.decodeCycles.at(-1)!;
  let end = 0;
  return GROUPS.map(({ label, phases }) => {
    const cycles = cyclesOf(variant, phases);
    const share = cycles / total;
    end += share;
    return { shape: shapeLabel(variant), label, cycles, share, middle: end - share / 2 };
  });
};

const matrices = (variant: Variant): number =>
  cyclesOf(
    variant,
    GROUPS.filter(({ isMatrix }) => isMatrix).flatMap(({ phases }) => phases),
  ) / variant.row.decodeCycles.at(-1)!;
