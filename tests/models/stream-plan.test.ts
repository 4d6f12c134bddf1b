import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawnModel } from '../../models/drawn.ts';
import { matrixBytes, pad, rowLanes, scaleBytes } from '../../models/image/layout.ts';
import { planMemory } from '../../models/image/plan.ts';
import { planStream, type StreamCandidate } from '../../models/image/stream-plan.ts';

const candidate = fc.record({
  format: fc.constantFrom('int8', 'int4', 'int4g32' as const),
  rows: fc.integer({ min: 1, max: 900 }),
  columns: fc.integer({ min: 1, max: 400 }),
});

const sizeOf = ({ format, rows, columns }: StreamCandidate) =>
  matrixBytes(format, rows, columns) + scaleBytes(format, rows);

describe('the plan of what is streamed', () => {
  it('keeps pinned matrices and the ring within the room, and gives every tile a slot', () => {
    fc.assert(
      fc.property(fc.array(candidate, { minLength: 1, maxLength: 12 }), fc.nat(400_000), (matrices, room) => {
        const plan = planStream(matrices, room);
        if (plan === undefined) return;
        const pinned = matrices.filter((_, i) => plan.tiles[i] === 0);
        expect(plan.ringBytes + pinned.reduce((sum, m) => sum + pad(sizeOf(m), 4), 0)).toBeLessThanOrEqual(
          room,
        );
        matrices.forEach((matrix, i) => {
          const blocks = pad(matrix.rows, rowLanes(matrix.format)) / rowLanes(matrix.format);
          const tileBytes = (plan.tiles[i] * sizeOf(matrix)) / blocks;
          expect(plan.tiles[i]).toBeLessThanOrEqual(blocks);
          expect(2 * tileBytes).toBeLessThanOrEqual(plan.ringBytes);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('has no plan where not even two tiles of a row block fit', () => {
    expect(planStream([{ format: 'int8', rows: 64, columns: 64 }], 300)).toBeUndefined();
  });

  it('puts streamed matrices between pinned ones when both have a share', () => {
    const { tensors } = planMemory(drawnModel('drawn-260k', 'int8'), { placement: 'streamed' });
    const places = tensors.filter(({ name }) => !/norm/i.test(name)).map(({ placement }) => placement);
    const changes = places.filter((place, i) => i > 0 && place !== places[i - 1]).length;
    expect(places).toContain('sram');
    expect(changes).toBeGreaterThanOrEqual(6);
  });

  it('needs no image of 16 MB to be slow: a model of 7 million weights is planned at once', () => {
    const plan = planMemory(drawnModel('drawn-15m', 'int4'), {
      placement: 'streamed',
      flashLimit: 15 * 2 ** 20,
    });
    expect(plan.arenaBytes).toBeLessThanOrEqual(plan.arenaLimit);
    const streamed = plan.tensors.filter(({ placement }) => placement === 'streamed');
    expect(streamed.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(3.5e6);
  });
});
