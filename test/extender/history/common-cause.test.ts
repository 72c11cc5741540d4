import { describe, expect, test } from 'vitest';
import { type AffectedHost, commonCauseOf } from '../../../extender/history/common-cause.ts';

function affected(index: number, overrides: Partial<AffectedHost> = {}): AffectedHost {
  return {
    host: `h${index}`,
    incident: 'a',
    atSeconds: index,
    rack: `rack-${Math.floor(index / 10)}`,
    driver: 'fleet-wide',
    model: 'fleet-wide',
    owners: [],
    ...overrides,
  };
}

/** A fleet of 100 hosts in racks of 10, all of one driver but those of the rollout. */
const POPULATION = {
  hosts: 100,
  sharing: (kind: string, name: string) => {
    if (name === 'fleet-wide') return 100;
    return { rack: 10, driver: 30, model: 30, owner: 20 }[kind] ?? 0;
  },
};

describe('what several faults at once have in common', () => {
  const of = (indexes: readonly number[], overrides: Partial<AffectedHost> = {}) =>
    indexes.map((index) => affected(index, overrides));
  const job = { owners: ['job'] };
  const rows: readonly { name: string; all: readonly AffectedHost[]; cause: string }[] = [
    { name: 'two hosts of a rack are two faults', all: of([1, 2]), cause: 'none' },
    { name: 'three of a rack are the rack’s', all: of([1, 2, 3]), cause: 'rack rack-0 3' },
    {
      name: 'one host three times is one host',
      all: [affected(1), affected(1), affected(1)],
      cause: 'none',
    },
    { name: 'three far apart are three faults', all: of([1, 25, 60]), cause: 'none' },
    {
      name: 'a driver that nearly all have tells nothing',
      all: of([1, 25, 60, 71, 82]),
      cause: 'none',
    },
    {
      name: 'a new driver that some have tells',
      all: of([1, 12, 23, 34, 45, 56], { driver: '580' }),
      cause: 'driver 580 6',
    },
    { name: 'a job across racks', all: of([1, 12, 23, 34], job), cause: 'owner job 4' },
    {
      name: 'a few of a large job’s hosts are no reason to blame it',
      all: of([1, 12, 23], { owners: ['large'] }),
      cause: 'none',
    },
    {
      name: 'a rack is tested before the job on it',
      all: of([1, 2, 3, 4], job),
      cause: 'rack rack-0 4',
    },
    {
      name: 'a job that goes on in the next rack is the job’s after all',
      all: [
        ...of([1, 2, 3, 4], { ...job, cause: { kind: 'rack', name: 'rack-0', hosts: 4 } }),
        ...of([11, 12, 13], job),
      ],
      cause: 'owner job 7',
    },
    {
      name: 'a rack, soon after a job elsewhere',
      all: [
        ...of([31, 42, 53, 64], { ...job, cause: { kind: 'owner', name: 'job', hosts: 4 } }),
        ...of([11, 12, 13]),
      ],
      cause: 'rack rack-1 3',
    },
  ];
  test.each(rows)('$name', ({ name, all, cause }) => {
    const population = name.includes('large') ? { ...POPULATION, sharing: () => 90 } : POPULATION;
    const newest = all.at(-1) as AffectedHost;
    const found = commonCauseOf(newest, all, population);
    expect(
      found === undefined ? 'none' : `${found.cause.kind} ${found.cause.name} ${found.cause.hosts}`,
    ).toBe(cause);
  });
});
