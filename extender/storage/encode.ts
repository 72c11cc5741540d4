import { timeOf } from '../facts/timestamp.ts';
import { boundedIncidents, type HostHistory, withoutCounted } from '../history/host-history.ts';
import { discountsInWords, type Incident, incidentWeight, isOpen } from '../history/incident.ts';
import type { Departure } from '../homes/departure.ts';
import { FORM, type StoredStatus } from './schema.ts';

/** etcd takes 1.5 MiB; a page of 500 such objects is to stay small too. */
const MOST_BYTES = 64 * 1024;

/** The object's status for a history; trimmed, if need be, to 64 KiB. Gives what is in it. */
export function statusOf(history: HostHistory): {
  readonly status: object;
  readonly history: HostHistory;
} {
  let kept = history;
  for (;;) {
    const status = toStatus(kept);
    const smaller =
      Buffer.byteLength(JSON.stringify(status)) > MOST_BYTES ? trimmed(kept) : undefined;
    if (smaller === undefined) return { status, history: kept };
    kept = smaller;
  }
}

/** One step smaller, least useful first: what was ignored, homes, counts, owners; incidents last. */
function trimmed(history: HostHistory): HostHistory | undefined {
  const { ignored, departures, incidents, counted, marks } = history;
  if (ignored.length > 0) return { ...history, ignored: [] };
  if (departures.length > 0) {
    return { ...history, departures: departures.slice(Math.ceil(departures.length / 2)) };
  }
  if (counted.length + marks.length > 0) return { ...withoutCounted(history), marks: [] };
  if (incidents.some(({ owners }) => owners.length > 0)) {
    return { ...history, incidents: incidents.map((incident) => ({ ...incident, owners: [] })) };
  }
  return incidents.length > 0
    ? { ...history, incidents: boundedIncidents(incidents, incidents.length - 1) }
    : undefined;
}

function toStatus(history: HostHistory): StoredStatus {
  const { host, node, exposure, firstSeenAtSeconds, boot, maintenance, marks, counted } = history;
  return {
    form: FORM,
    host,
    node,
    summary: summaryOf(history),
    incidents: history.incidents.map(toIncident),
    exposure: {
      busyDays: exposure.busyDays,
      eras: exposure.eras.map(({ fromSeconds, ...era }) => ({ ...era, from: timeOf(fromSeconds) })),
      at: timeOf(exposure.atSeconds),
      ...(exposure.foldedAtSeconds !== undefined && {
        foldedAt: timeOf(exposure.foldedAtSeconds),
      }),
    },
    ...(firstSeenAtSeconds !== undefined && { firstSeenAt: timeOf(firstSeenAtSeconds) }),
    ...(history.sharedAtSeconds !== undefined && { sharedAt: timeOf(history.sharedAtSeconds) }),
    departures: history.departures.map(toDeparture),
    counted: counted.map(({ uid, atSeconds }) => ({ uid, at: timeOf(atSeconds) })),
    ...(history.countedThroughSeconds !== undefined && {
      countedThrough: timeOf(history.countedThroughSeconds),
    }),
    ...(boot !== undefined && { boot: { id: boot.id, at: timeOf(boot.atSeconds) } }),
    ...(maintenance !== undefined && {
      maintenance: {
        since: timeOf(maintenance.sinceSeconds),
        ...(maintenance.untilSeconds !== undefined && { until: timeOf(maintenance.untilSeconds) }),
        words: maintenance.words,
      },
    }),
    repairs: history.repairs.map(timeOf),
    away: history.awayAtSeconds.map(timeOf),
    marks: [...marks],
    devices: history.devices.map(
      ({ lastSeenAtSeconds, firstSeenAtSeconds: firstSeen, pciSlot, ...device }) => ({
        ...device,
        ...(pciSlot !== undefined && { slot: pciSlot }),
        ...(firstSeen !== undefined && { firstSeenAt: timeOf(firstSeen) }),
        lastSeenAt: timeOf(lastSeenAtSeconds),
      }),
    ),
    capacityPeaks: { ...history.capacityPeaks },
    ignored: history.ignored.map(({ atSeconds, ...one }) => ({ ...one, at: timeOf(atSeconds) })),
    raised: history.raised.map(({ fromSeconds, untilSeconds }) => ({
      from: timeOf(fromSeconds),
      ...(untilSeconds !== undefined && { until: timeOf(untilSeconds) }),
    })),
  };
}

function summaryOf({ incidents }: HostHistory): NonNullable<StoredStatus['summary']> {
  const counting = incidents.filter((incident) => incidentWeight(incident) > 0);
  const worst = counting.toSorted((a, b) => incidentWeight(b) - incidentWeight(a))[0];
  const last = Math.max(...counting.map(({ lastSeenAtSeconds }) => lastSeenAtSeconds));
  return {
    faults: counting.length,
    open: counting.filter(isOpen).length,
    ...(worst !== undefined && {
      lastFaultAt: timeOf(last),
      worst: `${worst.evidence[0] ?? ''}${worst.device === undefined ? '' : `, on ${worst.device}`}`,
    }),
  };
}

function toIncident(incident: Incident): StoredStatus['incidents'][number] {
  const {
    openedAtSeconds,
    lastSeenAtSeconds,
    closedAtSeconds,
    verifiedAtSeconds,
    swappedAtSeconds,
    forgiven,
    standing,
    evidence,
    rows,
    owners,
    pciSlot,
    ...rest
  } = incident;
  return {
    ...rest,
    ...(pciSlot !== undefined && { slot: pciSlot }),
    standing: [...standing],
    evidence: [...evidence],
    rows: [...rows],
    owners: [...owners],
    openedAt: timeOf(openedAtSeconds),
    lastSeenAt: timeOf(lastSeenAtSeconds),
    ...(closedAtSeconds !== undefined && { closedAt: timeOf(closedAtSeconds) }),
    weight: Number(incidentWeight(incident).toPrecision(3)),
    discounts: [...discountsInWords(incident)],
    ...(verifiedAtSeconds !== undefined && { verifiedAt: timeOf(verifiedAtSeconds) }),
    ...(swappedAtSeconds !== undefined && { swappedAt: timeOf(swappedAtSeconds) }),
    ...(forgiven !== undefined && {
      forgiven: { at: timeOf(forgiven.atSeconds), reason: forgiven.reason },
    }),
  };
}

function toDeparture(departure: Departure): StoredStatus['departures'][number] {
  const { atSeconds, homeUntilSeconds, slot, devices, images, ...rest } = departure;
  return {
    ...rest,
    slot: { ...slot },
    devices: {
      resources: devices.resources.map((one) => ({ ...one })),
      claims: [...devices.claims],
    },
    images: [...images],
    at: timeOf(atSeconds),
    homeUntil: timeOf(homeUntilSeconds),
  };
}
