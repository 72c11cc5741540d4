import { describe, expect, test } from 'vitest';
import { hazardOverTime } from '../../../extender/state/hazard-over-time.ts';
import { makeIncident, makeNode } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

const DAY = 86_400;
const NOW = 1000 * DAY;

/** A node of a host that has worked for 100 days, and has had a fault 30 days ago, for a day. */
async function course(change: object = {}) {
  const made = makeIngest();
  const node = makeNode({ createdAtSeconds: NOW - 100 * DAY });
  made.ingest.nodeChanged(node, NOW);
  const history = made.store.draft(node.host);
  made.store.put({
    ...history,
    node: node.name,
    firstSeenAtSeconds: NOW - 100 * DAY,
    exposure: { ...history.exposure, busyDays: 100 },
    incidents: [
      makeIncident({
        device: 'GPU-1',
        openedAtSeconds: NOW - 30 * DAY,
        lastSeenAtSeconds: NOW - 29 * DAY,
        closedAtSeconds: NOW - 29 * DAY,
        endedAtBusyDays: 71,
        ...change,
      }),
    ],
  });
  return hazardOverTime(node, makeSnapshot(made, { nowSeconds: NOW }));
}

/** Days before now, and how many times the fleet's rate it was then. */
function timesAt(points: Awaited<ReturnType<typeof course>>, daysAgo: number): number {
  const at = points.findLast(({ atSeconds }) => atSeconds <= NOW - daysAgo * DAY);
  return at?.times ?? Number.NaN;
}

describe('hazardOverTime', () => {
  test('a fault is not known before it, weighs most while it stands, and fades', async () => {
    const points = await course();
    const [before, during, week, now] = [31, 29.5, 22, 0].map((days) => timesAt(points, days));
    expect(before).toBeLessThan(1.5);
    expect(during).toBeGreaterThan(2 * (before ?? 0));
    expect(week).toBeLessThan(during ?? 0);
    expect(now).toBeLessThan(week ?? 0);
  });

  test('goes back 90 days at most, in order, each with its interval', async () => {
    const points = await course();
    const moments = points.map(({ atSeconds }) => atSeconds);
    expect(moments).toEqual(moments.toSorted((a, b) => a - b));
    expect(moments[0]).toBeGreaterThanOrEqual(NOW - 90 * DAY);
    expect(moments.at(-1)).toBe(NOW);
    for (const { low, times, high } of points) {
      expect(low).toBeLessThan(times);
      expect(high).toBeGreaterThan(times);
    }
  });

  test('what was forgiven counted until then', async () => {
    const forgiven = { atSeconds: NOW - 10 * DAY, reason: 'board replaced' };
    const points = await course({ forgiven });
    const unforgiven = await course();
    expect(timesAt(points, 20)).toBe(timesAt(unforgiven, 20));
    expect(timesAt(points, 5)).toBeLessThan(timesAt(unforgiven, 5));
  });
});
