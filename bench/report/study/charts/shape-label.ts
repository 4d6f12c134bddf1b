import type { Variant } from '../../../study/findings/variants.ts';
import { short } from '../chart.ts';

/** A shape's name with its multiply-adds. */
export const shapeLabel = ({ shape, row }: Variant): string => `${shape} (${short(row.parameters)})`;
