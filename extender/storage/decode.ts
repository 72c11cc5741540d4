import { sharedTexts } from '../bounds/shared-values.ts';
import { type Exposure, NO_EXPOSURE } from '../history/exposure.ts';
import type { HostHistory, Ignored } from '../history/host-history.ts';
import type { Incident } from '../history/incident.ts';
import type { Raised } from '../history/raised.ts';
import type { KnownDevice } from '../history/swap.ts';
import {
  type DeviceHistory,
  deviceHistoryStatusSchema,
  FORM,
  type StoredStatus,
} from './schema.ts';

/** The same few words stand in every history: kept once, not once for each of 50,000 incidents. */
const shared = sharedTexts(8 * 2 ** 20);

/** What an object says, or why it cannot be read. */
export type ReadHistory =
  | { readonly ok: true; readonly history: HostHistory }
  | { readonly ok: false; readonly problem: string };

/** The history that an object holds. */
export function historyOf({ metadata, status }: DeviceHistory): ReadHistory {
  const name = metadata.name ?? '';
  const form = (status as { form?: unknown } | undefined)?.form;
  if (typeof form === 'number' && form > FORM) {
    return problem(
      name,
      `its form is ${form}, which a newer Surefoot wrote; this one reads up to ${FORM}`,
    );
  }
  const read = deviceHistoryStatusSchema.safeParse(status ?? {});
  if (!read.success) {
    const [issue] = read.error.issues;
    return problem(
      name,
      `status.${issue?.path.join('.')}: ${issue?.message}; delete the object to begin anew`,
    );
  }
  return { ok: true, history: fromStatus(read.data) };
}

function fromStatus(status: StoredStatus): HostHistory {
  const { host, node, firstSeenAt, boot, maintenance, marks, counted, capacityPeaks } = status;
  const exposure = exposureOf(status);
  return {
    host: shared(host),
    node: shared(node),
    incidents: status.incidents.map((stored) => fromIncident(stored, exposure)),
    exposure,
    ...(firstSeenAt !== undefined && { firstSeenAtSeconds: secondsOf(firstSeenAt) }),
    ...(status.sharedAt !== undefined && { sharedAtSeconds: secondsOf(status.sharedAt) }),
    departures: status.departures.map(({ at, homeUntil, slot, wishes, ...rest }) => ({
      ...rest,
      ...(wishes !== undefined && { wishes }),
      slot: {
        key: slot.key,
        workload: slot.workload,
        interchangeable: slot.interchangeable,
        ...(slot.isNamed === true && { isNamed: true }),
      },
      atSeconds: secondsOf(at),
      homeUntilSeconds: secondsOf(homeUntil),
    })),
    counted: counted.map(({ uid, at }) => ({ uid, atSeconds: secondsOf(at) })),
    ...(status.countedThrough !== undefined && {
      countedThroughSeconds: secondsOf(status.countedThrough),
    }),
    ...(boot !== undefined && { boot: { id: boot.id, atSeconds: secondsOf(boot.at) } }),
    ...(maintenance !== undefined && {
      maintenance: {
        sinceSeconds: secondsOf(maintenance.since),
        ...(maintenance.until !== undefined && { untilSeconds: secondsOf(maintenance.until) }),
        words: shared(maintenance.words),
      },
    }),
    repairs: status.repairs.map(secondsOf),
    awayAtSeconds: status.away.map(secondsOf),
    marks,
    devices: status.devices.map(
      ({ id, resource, slot, lastSeenAt, firstSeenAt: firstSeen, fromBusyDays }): KnownDevice => ({
        id,
        ...(resource !== undefined && { resource: shared(resource) }),
        ...(slot !== undefined && { pciSlot: slot }),
        lastSeenAtSeconds: secondsOf(lastSeenAt),
        ...(firstSeen !== undefined && { firstSeenAtSeconds: secondsOf(firstSeen) }),
        ...(fromBusyDays !== undefined && { fromBusyDays }),
      }),
    ),
    capacityPeaks,
    ignored: status.ignored.map(
      ({ at, row, words, ...one }): Ignored => ({
        ...one,
        row: shared(row),
        words: shared(words),
        atSeconds: secondsOf(at),
      }),
    ),
    raised: status.raised.map(
      ({ from, until }): Raised => ({
        fromSeconds: secondsOf(from),
        ...(until !== undefined && { untilSeconds: secondsOf(until) }),
      }),
    ),
  };
}

/** Form 1 kept decayed sums: of its slow scale, with a half-life of 90 days, the clock is what they allow. */
function exposureOf({ exposure, capacityPeaks }: StoredStatus): Exposure {
  if (exposure === undefined) return NO_EXPOSURE;
  const atSeconds = secondsOf(exposure.at);
  const eras = exposure.eras.map(({ fromBusyDays, from, cohorts }) => ({
    fromBusyDays,
    fromSeconds: secondsOf(from),
    cohorts: shared(cohorts),
  }));
  if (exposure.busyDays !== undefined) {
    const { busyDays, foldedAt } = exposure;
    return {
      busyDays,
      eras,
      atSeconds,
      ...(foldedAt !== undefined && { foldedAtSeconds: secondsOf(foldedAt) }),
    };
  }
  // Other extended resources were peaks too, by the thousand.
  const devices = Math.max(1, Math.min(...Object.values(capacityPeaks)));
  const slowDays = (exposure.deviceDays?.[1] ?? 0) / devices;
  const left = Math.max(1e-3, 1 - (slowDays * Math.LN2) / 90);
  const busyDays = -90 * Math.log2(left);
  // In which cohorts it worked is not known, but that it did is.
  const worked = { fromBusyDays: 0, fromSeconds: atSeconds - busyDays * 86_400, cohorts: '' };
  return { busyDays, eras: busyDays > 0 ? [worked] : [], atSeconds };
}

/** Form 1 did not note the clock: the host is taken to have worked ever since. */
function clockAtEnd(
  { closedAt, endedAtBusyDays }: StoredStatus['incidents'][number],
  { busyDays, atSeconds }: Exposure,
): number | undefined {
  if (endedAtBusyDays !== undefined || closedAt === undefined) return endedAtBusyDays;
  return Math.max(0, busyDays - Math.max(0, atSeconds - secondsOf(closedAt)) / 86_400);
}

function fromIncident(stored: StoredStatus['incidents'][number], exposure: Exposure): Incident {
  const { resource, device, slot, code, cause, closedAt, verifiedAt, swappedAt, forgiven } = stored;
  const endedAtBusyDays = clockAtEnd(stored, exposure);
  return {
    id: stored.id,
    class: stored.class,
    scope: stored.scope,
    ...(resource !== undefined && { resource: shared(resource) }),
    ...(device !== undefined && { device }),
    ...(slot !== undefined && { pciSlot: slot }),
    ...(code !== undefined && { code: shared(code) }),
    openedAtSeconds: secondsOf(stored.openedAt),
    lastSeenAtSeconds: secondsOf(stored.lastSeenAt),
    ...(closedAt !== undefined && { closedAtSeconds: secondsOf(closedAt) }),
    ...(endedAtBusyDays !== undefined && { endedAtBusyDays }),
    probability: stored.probability,
    mergeSeconds: stored.mergeSeconds,
    standing: stored.standing.map(shared),
    evidence: stored.evidence.map(shared),
    rows: stored.rows.map(shared),
    ...(stored.byTenants === true && { byTenants: true }),
    owners: stored.owners.map(shared),
    ...(cause !== undefined && { cause }),
    ...(verifiedAt !== undefined && { verifiedAtSeconds: secondsOf(verifiedAt) }),
    ...(swappedAt !== undefined && { swappedAtSeconds: secondsOf(swappedAt) }),
    ...(stored.swappedAtBusyDays !== undefined && { swappedAtBusyDays: stored.swappedAtBusyDays }),
    ...(forgiven !== undefined && {
      forgiven: { atSeconds: secondsOf(forgiven.at), reason: forgiven.reason },
    }),
  };
}

function problem(name: string, words: string): ReadHistory {
  return { ok: false, problem: `devicehistory/${name}: ${words}` };
}

function secondsOf(time: string): number {
  return Date.parse(time) / 1000;
}
