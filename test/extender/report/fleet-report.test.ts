import { describe, expect, test } from 'vitest';
import { blankHistory, type HostHistory } from '../../../extender/history/host-history.ts';
import type { Incident } from '../../../extender/history/incident.ts';
import { htmlOf, markdownOf } from '../../../extender/report/document.ts';
import { fleetReport } from '../../../extender/report/fleet-report.ts';
import { poissonQuantile99 } from '../../../extender/report/poisson.ts';
import { reportDocument } from '../../../extender/report/report-document.ts';
import { NO_PLACEMENTS } from '../../../extender/savings/placement-sums.ts';
import { makeIncident } from '../../make/facts.ts';
import { makeRelease } from '../../make/release.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z') / 1000;
const DAY = 86_400;
const SPAN = { fromSeconds: NOW - 7 * DAY, nowSeconds: NOW };

/** A host of a rack, known for a year, with this driver. */
function host(node: string, change: Partial<HostHistory> = {}, driver = '580'): HostHistory {
  const cohorts = `driver=${driver}|rack=r1|age=2`;
  return {
    ...blankHistory(`uuid:${node}`),
    node,
    firstSeenAtSeconds: NOW - 365 * DAY,
    exposure: {
      busyDays: 300,
      atSeconds: NOW,
      eras: [{ fromBusyDays: 0, fromSeconds: 0, cohorts }],
    },
    ...change,
  };
}

/** A fault that stood for two hours, so many days ago. */
function fault(daysAgo: number, change: Partial<Incident> = {}): Incident {
  const openedAtSeconds = NOW - daysAgo * DAY;
  const endedAtSeconds = openedAtSeconds + 7200;
  return makeIncident({
    id: `at ${daysAgo}`,
    device: 'GPU-a',
    openedAtSeconds,
    lastSeenAtSeconds: endedAtSeconds,
    closedAtSeconds: endedAtSeconds,
    probability: 0.9,
    ...change,
  });
}

describe('a report of a week', () => {
  test('a quiet fleet', () => {
    const report = fleetReport([host('gpu-1'), host('gpu-2')], SPAN);
    expect(markdownOf(reportDocument(report, undefined))).toMatchInlineSnapshot(`
      "# Devices, 2026-11-22 to 2026-11-29

      2 hosts, 0 incidents, 0 of them open. By what is known of each, that is 0 hardware faults.

      No host has failed.

      0 incidents ended with another device in the slot, 0 with a test that passed, 0 by being forgiven.

      ## What placement came to

      No pod was placed after a question of its scheduler.

      ## Was it right?

      Not known yet: a forecast is judged after seven days.

      ## Worst devices

      No device and no node is likely to have failed.

      ## What comes back

      Nothing has come back three times.

      ## What fails together

      No model, driver, rack, block or age fails more often than the others beyond chance.

      ## Routine work, not counted

      Nothing looked like a fault and was none.

      ## Spare nodes

      Not known: no fault of this time has been seen to end."
    `);
  });

  test('what placement came to, acting and observing, of the days of the span', () => {
    const sums = {
      placed: 10,
      hadHome: 4,
      wentHome: 3,
      savedDeviceSeconds: 36_000,
      savedSquares: 200_000_000,
    };
    const days = [
      { day: '2026-11-01', act: sums, observe: sums },
      { day: '2026-11-28', act: sums, observe: NO_PLACEMENTS },
      { day: '2026-11-29', act: sums, observe: { ...sums, placed: 1 } },
    ];
    const { placement } = fleetReport([], SPAN, { placements: days });
    expect(placement.act).toEqual({
      placed: 20,
      hadHome: 8,
      wentHome: 6,
      savedDeviceHours: 20,
      low: 13.5,
      high: 26.5,
    });
    const text = markdownOf(reportDocument(fleetReport([], SPAN, { placements: days }), undefined));
    expect(text.split('\n').filter((line) => /^(Acting|Observing)/.test(line))).toEqual([
      'Acting: Surefoot was asked about 20 pods that were placed. 6 of 8 whose own node was on offer went back to it. Where the pods are, they can expect to lose 20 device-hours less (13.5 to 26.5 in 95 % of such times) than on the average of the nodes on offer.',
      'Observing: Surefoot was asked about 1 pod that was placed. 3 of 4 whose own node was on offer would have gone back to it. On the nodes that Surefoot would have named, they could expect to lose 10 device-hours less (10 to 10 in 95 % of such times) than where their scheduler has put them.',
    ]);
  });

  test('was it right: each day of a node by what was said of it, and what came within seven days', () => {
    const days = [{ day: '2026-11-18', act: NO_PLACEMENTS, observe: NO_PLACEMENTS }];
    const { forecasts } = fleetReport(
      [
        // Said on three of the five days before its fault.
        host('gpu-1', { incidents: [fault(6)], raised: [{ fromSeconds: NOW - 9.5 * DAY }] }),
        // Said, and forgiven since: what was no fault does not make it right.
        host('gpu-2', {
          incidents: [fault(6, { forgiven: { atSeconds: NOW, reason: 'a loose cable' } })],
          raised: [{ fromSeconds: NOW - 99 * DAY, untilSeconds: NOW - 8.5 * DAY }],
        }),
        host('gpu-3'),
      ],
      SPAN,
      { placements: days },
    );
    expect(forecasts).toEqual({
      raised: { days: 6, failed: 3 },
      others: { days: 9, failed: 2 },
      shareForeseen: 0.6,
    });
    expect(fleetReport([host('gpu-3')], SPAN).forecasts).toBeUndefined();
  });

  test('a device that comes back, an old fault, and routine work', () => {
    const report = fleetReport(
      [
        host('gpu-1', { incidents: [fault(6), fault(4), fault(1)] }),
        host('gpu-2', { incidents: [fault(40)] }),
        host('gpu-3', {
          ignored: [
            { atSeconds: NOW - DAY, why: 'planned', row: 'r', words: 'a driver upgrade', times: 3 },
            { atSeconds: NOW - 9 * DAY, why: 'boot', row: 'r', words: 'long ago', times: 1 },
          ],
        }),
      ],
      SPAN,
    );
    expect(markdownOf(reportDocument(report, 'training-eu'))).toMatchInlineSnapshot(`
      "# Devices of training-eu, 2026-11-22 to 2026-11-29

      3 hosts, 3 incidents, 0 of them open. By what is known of each, that is 2.7 hardware faults.

      One host runs 8 days between two faults, on average, and a fault stands for 2 h; so few faults say little.

      0 incidents ended with another device in the slot, 0 with a test that passed, 0 by being forgiven.

      ## What placement came to

      No pod was placed after a question of its scheduler.

      ## Was it right?

      Not known yet: a forecast is judged after seven days.

      ## Worst devices

      | node | device | faults | incidents | open | last | what was seen |
      | --- | --- | --- | --- | --- | --- | --- |
      | gpu-1 | GPU-a | 2.7 | 3 | 0 | 2026-11-28T14:00:00Z | the device plugin has withdrawn the device |

      ## What comes back

      | node | device | faults | incidents | open | last | what was seen |
      | --- | --- | --- | --- | --- | --- | --- |
      | gpu-1 | GPU-a | 2.7 | 3 | 0 | 2026-11-28T14:00:00Z | the device plugin has withdrawn the device |

      ## What fails together

      No model, driver, rack, block or age fails more often than the others beyond chance.

      ## Routine work, not counted

      | why | times | hosts |
      | --- | --- | --- |
      | it came with announced work | 3 | 1 |

      ## Spare nodes

      At this rate of faults and this time to repair, 1 spare node suffice on 99 % of days for the whole fleet.

      | rack | hosts | spares if each rack has its own |
      | --- | --- | --- |
      | r1 | 3 | 1 |"
    `);
  });

  test('a driver that fails more often than the others is told, one of equals is not', () => {
    const fleetWith = (failing: number) => [
      ...Array.from({ length: 20 }, (_none, at) =>
        host(`new-${at}`, at < failing ? { incidents: [fault(2)] } : {}, '590'),
      ),
      ...Array.from({ length: 180 }, (_none, at) =>
        host(`old-${at}`, at < 9 ? { incidents: [fault(2)] } : {}, '580'),
      ),
    ];
    const told = (failing: number) => fleetReport(fleetWith(failing), SPAN).cohorts;
    expect(told(8).map(({ cohort, hosts, ratio }) => [cohort, hosts, ratio > 4])).toEqual([
      ['driver 590', 20, true],
    ]);
    expect(told(1)).toEqual([]);
  });

  test('what weighs nothing names nobody', () => {
    const forgiven = { atSeconds: NOW, reason: 'replaced' };
    const report = fleetReport([host('gpu-1', { incidents: [fault(1, { forgiven })] })], SPAN);
    expect(report.worst).toEqual([]);
    expect(report.handled).toEqual({ swapped: 0, verified: 0, forgiven: 1 });
    expect(report.hoursBetweenFaults).toBeUndefined();
  });

  test('a host that is new counts since it came', () => {
    const young = host('gpu-1', { firstSeenAtSeconds: NOW - DAY });
    expect(fleetReport([young, host('gpu-2')], SPAN).hostDays).toBe(8);
  });
});

test('what was released, and whether that was right', () => {
  const at = (over: object) => makeRelease({ atSeconds: NOW - 3 * 3600, ...over });
  const releases = [
    at({ uid: 'a', judged: 'right' }),
    at({ uid: 'b', judged: 'right' }),
    at({ uid: 'c', how: 'observed', judged: 'wrong' }),
    at({ uid: 'd', how: 'advised', judged: 'unknown' }),
    at({ uid: 'e', how: 'withdrawn' }),
    at({ uid: 'f', atSeconds: NOW - 99 * DAY }),
  ];
  const report = fleetReport([], SPAN, { releases });
  expect(report.releases).toEqual({ said: 2, evicted: 2, right: 2, wrong: 1, unknown: 1 });
  expect(markdownOf(reportDocument(report, undefined))).toContain(
    '2 pods were evicted from a broken device or out of a crash loop; of 2 more it was only said. Of the 4 that were judged an hour later, 2 were right, 1 wrong, and of 1 nothing tells.',
  );
  expect(fleetReport([], SPAN).releases).toBeUndefined();
});

test('a text of a node or a tenant is no markup', () => {
  const evil = '<script>alert(1)</script> | [x](http://evil)\n# head';
  const report = fleetReport(
    [host('gpu-1', { incidents: [fault(1, { evidence: [evil] })] })],
    SPAN,
  );
  const document = reportDocument(report, undefined);
  expect(htmlOf(document)).not.toContain('<script>');
  const row = markdownOf(document)
    .split('\n')
    .find((line) => line.startsWith('| gpu-1'));
  expect(row).toContain('\\<script\\>alert(1)\\</script\\> \\| \\[x\\](http://evil) \\# head');
});

test.each([
  { mean: 0, least: 0 },
  { mean: 0.01, least: 0 },
  { mean: 1, least: 4 },
  { mean: 10, least: 18 },
  { mean: 1000, least: 1074 },
])('a count of mean $mean stays within $least in 99 of 100 cases', ({ mean, least }) => {
  expect(poissonQuantile99(mean)).toBe(least);
});
