import { describe, expect, test } from 'vitest';
import { whoGoesElsewhere } from '../../../extender/gates/patience.ts';

const NONE_FREE = Number.POSITIVE_INFINITY;

describe('who goes elsewhere', () => {
  const rows: readonly {
    name: string;
    /** Seconds until its own node is free, and what another costs more. */
    members: readonly (readonly [remaining: number, dearer: number])[];
    places: number;
    go: readonly number[];
  }[] = [
    { name: 'nobody of nobody', members: [], places: 8, go: [] },
    { name: 'a pod waits 40 s to save 286 s', members: [[40, 286]], places: 8, go: [] },
    { name: 'a pod does not wait 40 s to save 20 s', members: [[40, 20]], places: 8, go: [0] },
    { name: 'a pod waits where no other node is free', members: [[40, 20]], places: 0, go: [] },
    { name: 'nor is one that only the price knows', members: [[40, NONE_FREE]], places: 1, go: [] },
    {
      name: 'members wait free up to the slowest, who goes',
      members: [
        [10, 20],
        [100, 20],
        [15, 20],
      ],
      places: 8,
      go: [1],
    },
    {
      name: 'the two slowest go where the third is quick',
      members: [
        [100, 20],
        [90, 20],
        [15, 20],
      ],
      places: 8,
      go: [0, 1],
    },
    {
      name: 'nobody goes where the next one is as slow and there is no place',
      members: [
        [100, 20],
        [98, 20],
        [96, 20],
      ],
      places: 1,
      go: [],
    },
    {
      name: 'a gain of less than a tenth is no reason to leave',
      members: [
        [200, 20],
        [185, 20],
      ],
      places: 1,
      go: [],
    },
    {
      name: 'all are at home already',
      members: [
        [0, 20],
        [0, 20],
      ],
      places: 8,
      go: [],
    },
  ];
  test.each(rows)('$name', ({ members, places, go }) => {
    const asked = members.map(([remainingSeconds, dearerElsewhereSeconds]) => ({
      remainingSeconds,
      dearerElsewhereSeconds,
    }));
    expect([...whoGoesElsewhere(asked, places)].sort()).toEqual(go);
  });
});
