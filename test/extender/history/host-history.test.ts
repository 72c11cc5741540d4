import { describe, expect, test } from 'vitest';
import {
  blankHistory,
  bounded,
  isExpired,
  united,
  withIgnored,
} from '../../../extender/history/host-history.ts';
import { makeIncident } from '../../make/facts.ts';

const DAY = 86_400;

describe('a history within its bounds', () => {
  test('when full, what weighs nothing goes first, then the oldest, and open ones stay', () => {
    const { closedAtSeconds: _closed, ...open } = makeIncident({ id: 'open', openedAtSeconds: 1 });
    const weightless = makeIncident({ id: 'none', probability: 0, lastSeenAtSeconds: 1000 });
    const closed = Array.from({ length: 100 }, (_none, at) =>
      makeIncident({ id: String(at), closedAtSeconds: at, lastSeenAtSeconds: at }),
    );
    const { incidents } = bounded(
      { ...blankHistory('h'), incidents: [open, weightless, ...closed] },
      0,
    );
    expect(incidents).toHaveLength(64);
    expect(incidents).toContain(open);
    expect(incidents).not.toContain(weightless);
    expect(incidents[1]?.closedAtSeconds).toBe(37);
  });

  test('what is ignored again and again is one entry that counts', () => {
    const one = {
      atSeconds: 1,
      why: 'boot',
      row: 'nvsentinel-link',
      words: 'a link is down',
    } as const;
    const history = [1, 2, 3].reduce(
      (all, atSeconds) => withIgnored(all, { ...one, atSeconds }),
      blankHistory('h'),
    );
    expect(history.ignored).toEqual([{ ...one, atSeconds: 3, times: 3 }]);
  });
});

describe('hosts that are gone', () => {
  const gone = (overrides: object) => ({
    ...blankHistory('h'),
    boot: { id: 'b', atSeconds: 0 },
    ...overrides,
  });
  test.each([
    { name: 'with a fault, for 90 days', history: gone({ incidents: [makeIncident()] }), days: 90 },
    { name: 'with nothing, for a day', history: gone({}), days: 1 },
    {
      name: 'with a fault that counts for nothing, for a day',
      history: gone({ incidents: [makeIncident({ probability: 0 })] }),
      days: 1,
    },
  ])('are remembered $name', ({ history, days }) => {
    expect(isExpired(history, days * DAY)).toBe(false);
    expect(isExpired(history, days * DAY + 1)).toBe(true);
  });
});

test('two histories of one host are one: what only the other has is kept, nothing is there twice', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((id, day) =>
    makeIncident({ id, openedAtSeconds: day * DAY }),
  );
  const renamed = makeIncident({ id: 'other-name', openedAtSeconds: 30 });
  const ours = {
    ...blankHistory('h'),
    incidents: [a, b].filter((one) => one !== undefined),
    counted: [{ uid: '1', atSeconds: 0 }],
  };
  const theirs = {
    ...blankHistory('h'),
    incidents: [renamed, b, c].filter((one) => one !== undefined),
    counted: ['1', '2'].map((uid) => ({ uid, atSeconds: 0 })),
  };
  const both = united(ours, theirs);
  expect(both.incidents.map(({ id }) => id)).toEqual(['c', 'a', 'b']);
  expect(both.counted.map(({ uid }) => uid)).toEqual(['1', '2']);
});

test('of two exposures the one that knows of more work stays, and the later end of what is counted', () => {
  const knowing = (busyDays: number, countedThroughSeconds?: number) => ({
    ...blankHistory('h'),
    exposure: { busyDays, atSeconds: 0, eras: [] },
    ...(countedThroughSeconds !== undefined && { countedThroughSeconds }),
  });
  const both = united(knowing(5, 10), knowing(30, 20));
  expect(both.exposure.busyDays).toBe(30);
  expect(both.countedThroughSeconds).toBe(20);
  expect(united(knowing(30), knowing(5)).exposure.busyDays).toBe(30);
  expect(united(knowing(30), knowing(5)).countedThroughSeconds).toBeUndefined();
});
