import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LabelledNode, planHazardLabels } from '../../../extender/node-labels/hazard-plan.ts';

const node = (
  name: string,
  times: number,
  labelled: LabelledNode['labelled'] = 'normal',
): LabelledNode => ({
  name,
  times,
  labelled,
});

describe('hazard labels', () => {
  const rows: readonly {
    name: string;
    times: number;
    labelled: LabelledNode['labelled'];
    becomes?: string;
  }[] = [
    { name: 'the usual rate', times: 1, labelled: 'normal' },
    { name: 'three times the rate', times: 3, labelled: 'normal', becomes: 'elevated' },
    { name: 'ten times the rate', times: 10, labelled: 'normal', becomes: 'high' },
    { name: 'high, and a little better', times: 7, labelled: 'high' },
    { name: 'high, and much better', times: 6, labelled: 'high', becomes: 'elevated' },
    { name: 'high, and as good as new', times: 1, labelled: 'high', becomes: 'normal' },
    { name: 'elevated, and a little better', times: 2.1, labelled: 'elevated' },
    { name: 'elevated, and better', times: 1.9, labelled: 'elevated', becomes: 'normal' },
    { name: 'elevated, and worse', times: 12, labelled: 'elevated', becomes: 'high' },
  ];
  test.each(rows)('$name: $labelled becomes $becomes', ({ times, labelled, becomes }) => {
    const { changes } = planHazardLabels([node('gpu-1', times, labelled)], 1);
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
    const plan = planHazardLabels(nodes, 2);
    expect(plan).toEqual({ changes: [{ name: 'b', hazard: 'high' }], unlabelled: 2 });
    expect(planHazardLabels(nodes, 0).changes).toEqual([{ name: 'c', hazard: 'normal' }]);
  });

  test('carried out, a plan leaves nothing to do', () => {
    const anyNode = fc.record({
      times: fc.double({ min: 0, max: 100, noNaN: true }),
      labelled: fc.constantFrom('normal' as const, 'elevated' as const, 'high' as const),
    });
    fc.assert(
      fc.property(fc.array(anyNode, { maxLength: 30 }), fc.nat(30), (all, most) => {
        const nodes = all.map((one, index) => ({ ...one, name: `n${index}` }));
        const becomes = new Map(
          planHazardLabels(nodes, most).changes.map((one) => [one.name, one.hazard]),
        );
        const after = nodes.map((one) => ({
          ...one,
          labelled: becomes.get(one.name) ?? one.labelled,
        }));
        expect(planHazardLabels(after, most).changes).toEqual([]);
        expect(after.filter(({ labelled }) => labelled !== 'normal').length).toBeLessThanOrEqual(
          most,
        );
      }),
    );
  });
});
