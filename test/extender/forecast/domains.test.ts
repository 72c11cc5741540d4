import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DomainLosses } from '../../../extender/forecast/domains.ts';

const PRICES = { newDomain: () => 1, averageDomain: 1, slowdown: 100 };

function losses(places: readonly number[], used: readonly number[], left: number): DomainLosses {
  const isUsed = Uint8Array.from(places, (_count, domain) => (used.includes(domain) ? 1 : 0));
  return new DomainLosses({ places: Int32Array.from(places), isUsed, left }, PRICES);
}

const sumOf = (one: DomainLosses, domain: number) => {
  const { shared, leaves } = one.of(domain);
  return shared + leaves;
};

describe('one more member', () => {
  const rows: readonly {
    name: string;
    places: readonly number[];
    used?: readonly number[];
    left: number;
    seconds: readonly number[];
    prefers: number;
  }[] = [
    {
      name: 'the first of eight goes where all of them have room',
      places: [8, 5, 3],
      left: 8,
      seconds: [1, 102, 102],
      prefers: 0,
    },
    {
      name: 'the first of sixteen, to an empty rack: a half full one would make it three',
      places: [8, 8, 4],
      left: 16,
      seconds: [1, 1, 102],
      prefers: 0,
    },
    {
      name: 'of twelve, to any of both that make two racks, and the largest first',
      places: [8, 8, 4],
      left: 12,
      seconds: [1, 1, 1],
      prefers: 0,
    },
    {
      name: 'a single one leaves empty racks whole',
      places: [8, 2, 1],
      left: 1,
      seconds: [1, 1, 1],
      prefers: 2,
    },
    {
      name: 'a replaced one takes the spare in a rack of its job',
      places: [8, 1, 8],
      used: [1],
      left: 1,
      seconds: [101, 0, 101],
      prefers: 1,
    },
    {
      name: 'where its rack is full, another one is no slower for it: it must be',
      places: [8, 0, 3],
      used: [1],
      left: 1,
      seconds: [1, 0, 1],
      prefers: 2,
    },
    {
      name: 'the last three of a job with two spares in its rack need one more',
      places: [8, 2, 1],
      used: [1],
      left: 3,
      seconds: [101, 0, 101],
      prefers: 1,
    },
  ];
  test.each(rows)('$name', ({ places, used = [], left, seconds, prefers }) => {
    const found = losses(places, used, left);
    expect(places.map((_count, domain) => sumOf(found, domain))).toEqual(seconds);
    expect(found.preferred((domain) => domain)).toBe(prefers);
  });

  test('of equals the job decides by its hash, so that two jobs do not share what they need not', () => {
    const found = losses([8, 8, 8], [], 4);
    expect(found.preferred((domain) => 10 - domain)).toBe(2);
  });

  test('on a node without a label it costs as much as a rack of its own', () => {
    expect(sumOf(losses([4, 4], [], 4), -1)).toBe(102);
    expect(sumOf(losses([1, 1], [], 1), -1)).toBe(1);
  });
});

/** Places all members one after the other, each where it is cheapest; gives how many domains that takes. */
function placedOneByOne(places: readonly number[], members: number): number {
  const room = [...places];
  const used = new Set<number>();
  for (let left = members; left > 0; left -= 1) {
    const domain = losses(room, [...used], left).preferred((one) => one);
    if (domain === -1) return Number.POSITIVE_INFINITY;
    used.add(domain);
    room[domain] = (room[domain] as number) - 1;
  }
  return used.size;
}

function fewest(places: readonly number[], members: number): number {
  let left = members;
  let count = 0;
  for (const most of [...places].sort((a, b) => b - a)) {
    if (left <= 0) break;
    left -= most;
    count += 1;
  }
  return left <= 0 ? count : Number.POSITIVE_INFINITY;
}

test('placed one by one, a job needs no more domains than if it were placed at once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 60 }),
      (places, members) => {
        expect(placedOneByOne(places, members)).toBe(fewest(places, members));
      },
    ),
    { numRuns: 300 },
  );
});

test('the fewest more are told, and none where the job has room already', () => {
  expect(losses([8, 8, 4], [], 17).fewestMore).toBe(3);
  expect(losses([8, 8, 4], [0], 8).fewestMore).toBe(0);
  expect(losses([8, 8, 4], [0], 9).fewestMore).toBe(1);
});
