import { describe, expect, test } from 'vitest';
import { blankHistory, type HostHistory } from '../../../extender/history/host-history.ts';
import type { Incident } from '../../../extender/history/incident.ts';
import { csvOf, markdownOf } from '../../../extender/report/document.ts';
import { claimsOf, warrantyClaims } from '../../../extender/report/warranty.ts';
import { warrantyDocument, warrantyTable } from '../../../extender/report/warranty-document.ts';
import { makeIncident } from '../../make/facts.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z') / 1000;
const HOUR = 3600;

function host(node: string, incidents: readonly Incident[] = []): HostHistory {
  return {
    ...blankHistory(`uuid:${node}`),
    node,
    firstSeenAtSeconds: NOW - 100 * 86_400,
    capacityPeaks: { 'nvidia.com/gpu': 8 },
    devices: [
      { id: 'GPU-a', resource: 'nvidia.com/gpu', pciSlot: '0000:17:00.0', lastSeenAtSeconds: NOW },
    ],
    exposure: {
      busyDays: 80,
      atSeconds: NOW,
      eras: [{ fromBusyDays: 0, fromSeconds: 0, cohorts: 'model=H100|driver=580|age=1' }],
    },
    incidents,
  };
}

/** A fault of a device that stood from so many hours ago for one hour. */
function fault(hoursAgo: number, change: Partial<Incident> = {}): Incident {
  const openedAtSeconds = NOW - hoursAgo * HOUR;
  return makeIncident({
    id: `at ${hoursAgo}`,
    class: 'fatal',
    device: 'GPU-a',
    code: '79',
    rows: ['xid'],
    owners: ['team-a/Job/train'],
    openedAtSeconds,
    lastSeenAtSeconds: openedAtSeconds + HOUR,
    closedAtSeconds: openedAtSeconds + HOUR,
    probability: 0.9,
    evidence: ['XID 79: the GPU has fallen off the bus'],
    ...change,
  });
}

function claims(histories: readonly HostHistory[], owners = false) {
  return warrantyClaims(histories, { nowSeconds: NOW, owners, sourceOf: (row) => `log ${row}` });
}

describe('a claim', () => {
  test('says what a vendor asks for, and nothing of tenants', () => {
    const verified = { verifiedAtSeconds: NOW - 40 * HOUR };
    const made = claims([host('gpu-7', [fault(50, verified), fault(5)]), host('gpu-8')]);
    expect(markdownOf(warrantyDocument(made, '2026-11-29T12:00:00.000Z'))).toMatchInlineSnapshot(`
      "# Evidence for a return

      Made on 2026-11-29T12:00:00Z. What is not told by any label of the node (such as serial numbers and firmware) is left out.

      ## GPU-a in gpu-7

      device GPU-a, resource nvidia.com/gpu, slot 0000:17:00.0, node gpu-7, host uuid:gpu-7, model H100, driver 580, first seen 2026-08-21T12:00:00Z.

      Faults have stood for 2 h in all. It has had more faults than 93 of 100 devices of its model.

      | opened | closed | class | code | evidence | source | remarks |
      | --- | --- | --- | --- | --- | --- | --- |
      | 2026-11-29T07:00:00Z | 2026-11-29T08:00:00Z | fatal | 79 | XID 79: the GPU has fallen off the bus | log xid | - |
      | 2026-11-27T10:00:00Z | 2026-11-27T11:00:00Z | fatal | 79 | XID 79: the GPU has fallen off the bus | log xid | a test after the repair has passed |"
    `);
    expect(JSON.stringify(made)).not.toContain('team-a');
    expect(claims([host('gpu-7', [fault(5)])], true)[0]?.owners).toEqual(['team-a/Job/train']);
  });

  test('is for each device, and for the node as a whole', () => {
    const node = { scope: 'node', device: undefined } as unknown as Partial<Incident>;
    const found = claims([
      host('gpu-7', [fault(9), fault(7, { device: 'GPU-b' }), fault(5, node)]),
    ]);
    expect(found.map(({ device }) => device)).toEqual(['GPU-a', 'GPU-b', undefined]);
    expect(claimsOf('GPU-b', found)).toHaveLength(1);
    expect(claimsOf('gpu-7', found)).toHaveLength(3);
    expect(claimsOf('gpu-77', found)).toEqual([]);
  });

  test.each([
    { what: 'only a tenant says', change: { probability: 0.2 } },
    { what: 'was the workload', change: { class: 'application' as const } },
    { what: 'was the network', change: { class: 'infrastructure' as const } },
    { what: 'was forgiven', change: { forgiven: { atSeconds: NOW, reason: 'a test' } } },
    {
      what: 'struck the whole rack',
      change: { cause: { kind: 'rack' as const, name: 'r1', hosts: 16 } },
    },
  ])('is none for what $what', ({ change }) => {
    expect(claims([host('gpu-7', [fault(5, change)])])).toEqual([]);
  });

  test('counts time that faults share once, and an open one until now', () => {
    const { closedAtSeconds: _, ...open } = fault(2);
    const [claim] = claims([host('gpu-7', [fault(10), fault(9.5), open])]);
    expect(claim?.downtimeHours).toBe(3.5);
  });

  test('as one table, one row an incident, that no spreadsheet reckons with', () => {
    const table = warrantyTable(claims([host('gpu-7', [fault(5, { evidence: ['=1+1, "x"'] })])]));
    const [head, row] = csvOf(table).split('\n');
    expect(head).toMatch(
      /^node,host,scope,device,resource,slot,model,driver,first seen,opened,closed,/,
    );
    expect(row).toContain(`"'=1+1, ""x"""`);
  });
});
