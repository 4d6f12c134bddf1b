import { describe, expect, it } from 'vitest';
import {
  COUNTED_SETS,
  casesOfSets,
  multiplyAdds,
  ORIGINAL_SHAPES,
  parseShapes,
  readShapes,
  toCases,
} from '../../../bench/study/shapes.ts';

const HEAD = 'set,name,vocabulary,dim,hidden,layers,heads,context';
const table = (...lines: string[]) => parseShapes([HEAD, ...lines].join('\n'), 'table.csv');

describe('the table of the original', () => {
  const shapes = readShapes(ORIGINAL_SHAPES);

  it('has its tables whole: 28, 35, 37, 36, 8 and 44 entries by nominal size, 351 in all', () => {
    const sizes = COUNTED_SETS.map((set) => shapes.filter((shape) => shape.set === set).length);
    expect(sizes).toEqual([28, 35, 37, 36, 8, 44]);
    expect(shapes.length).toBe(351);
  });

  it('gives parameter counts that its names carry', () => {
    const parameters = (name: string) => {
      const found = toCases(shapes.filter((shape) => shape.name === name))[0];
      return multiplyAdds(found!.shape);
    };
    expect(parameters('story-1k-wide')).toBe(1008);
    expect(parameters('chat-13k')).toBe(12800);
    expect(parameters('expert-1310k')).toBe(1310720);
  });

  it('keeps what was published, and whether to believe it', () => {
    const published = (name: string) => shapes.find((shape) => shape.name === name)?.published;
    expect(published('story-1k-wide')).toEqual({ tokensPerSecond: 17.9, metric: 'demo', doubtful: false });
    expect(published('story-attn-32h-10k')?.doubtful).toBe(true);
    expect(published('story-1k-balanced')).toBeUndefined();
  });
});

describe('the cases of a shape', () => {
  it('are two with several heads: split, and all in one as the original computes', () => {
    const cases = toCases(table('s,two,32,8,16,1,2,16'));
    expect(cases.map(({ name, heads, shape }) => [name, heads, shape.heads, shape.headSize])).toEqual([
      ['two', 'split', 2, 4],
      ['two+one-head', 'one', 1, 8],
    ]);
    expect(cases[0]!.seed).toBe(cases[1]!.seed);
  });

  it('are one with one head, and one where heads do not divide dim', () => {
    expect(toCases(table('s,single,32,8,16,1,1,16')).map(({ name }) => name)).toEqual(['single']);
    expect(toCases(table('s,odd,32,5,16,1,2,16')).map(({ name }) => name)).toEqual(['odd+one-head']);
  });
});

describe('a table that is wrong', () => {
  it('is refused with its line', () => {
    expect(() => table('s,a,32,8,0,1,1,16')).toThrow('table.csv, line 2: hidden is "0"');
    expect(() => table('s,a,1,1,1,1,1,1', 's,a,1,1,1,1,1,1')).toThrow(
      'line 3: there are two shapes called a',
    );
    expect(() => parseShapes('set,name\n', 'table.csv')).toThrow('no column vocabulary, dim');
    expect(() => casesOfSets(table('s,a,1,1,1,1,1,1'), '9K')).toThrow('no set "9K"; it has s, and "all"');
  });
});
