import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HintedNode, planHints } from '../../../extender/node-labels/hazard-plan.ts';

const node = (
  name: string,
  times: number,
  marked: HintedNode['marked'] = 'normal',
): HintedNode => ({
  name,
  times,
  marked,
});

describe('marks', () => {
  const rows: readonly {
    name: string;
    times: number;
    marked: HintedNode['marked'];
    becomes?: string;
  }[] = [
    { name: 'the usual rate', times: 1, marked: 'normal' },
    { name: 'three times the rate', times: 3, marked: 'normal', becomes: 'elevated' },
    { name: 'ten times the rate', times: 10, marked: 'normal', becomes: 'high' },
    { name: 'high, and a little better', times: 7, marked: 'high' },
    { name: 'high, and much better', times: 6, marked: 'high', becomes: 'elevated' },
    { name: 'high, and as good as new', times: 1, marked: 'high', becomes: 'normal' },
    { name: 'elevated, and a little better', times: 2.1, marked: 'elevated' },
    { name: 'elevated, and better', times: 1.9, marked: 'elevated', becomes: 'normal' },
    { name: 'elevated, and worse', times: 12, marked: 'elevated', becomes: 'high' },
  ];
  test.each(rows)('$name: $marked becomes $becomes', ({ times, marked, becomes }) => {
    const { changes } = planHints([node('gpu-1', times, marked)], 1);
    expect(changes.map(({ hazard }) => hazard)).toEqual(becomes === undefined ? [] : [becomes]);
  });

  test('no more than so many nodes have one, the worst, and who has one keeps it', () => {
    const nodes = [
      node('a', 11),
      node('b', 50),
      node('c', 12, 'high'),
      node('d', 13),
      node('e', 1),
    ];
    const plan = planHints(nodes, 2);
    expect(plan).toEqual({ changes: [{ name: 'b', hazard: 'high' }], unmarked: 2 });
    expect(planHints(nodes, 0).changes).toEqual([{ name: 'c', hazard: 'normal' }]);
  });

  test('carried out, a plan leaves nothing to do', () => {
    const anyNode = fc.record({
      times: fc.double({ min: 0, max: 100, noNaN: true }),
      marked: fc.constantFrom('normal' as const, 'elevated' as const, 'high' as const),
    });
    fc.assert(
      fc.property(fc.array(anyNode, { maxLength: 30 }), fc.nat(30), (all, most) => {
        const nodes = all.map((one, index) => ({ ...one, name: `n${index}` }));
        const becomes = new Map(
          planHints(nodes, most).changes.map((one) => [one.name, one.hazard]),
        );
        const after = nodes.map((one) => ({ ...one, marked: becomes.get(one.name) ?? one.marked }));
        expect(planHints(after, most).changes).toEqual([]);
        expect(after.filter(({ marked }) => marked !== 'normal').length).toBeLessThanOrEqual(most);
      }),
    );
  });
});
