import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ObjectMeta } from '../../webhook/words/pod.ts';
import { sharedTexts } from '../bounds/shared.ts';
import { type Exposure, NO_EXPOSURE } from '../history/exposure.ts';
import {
  boundedIncidents,
  type HostHistory,
  type Ignored,
  withoutCounted,
} from '../history/host-history.ts';
import { discountsInWords, type Incident, incidentWeight, isOpen } from '../history/incident.ts';
import type { KnownDevice } from '../history/swap.ts';
import type { Departure } from '../homes/departure.ts';
import type { HostId } from '../signals/identity.ts';

/**
 * A host's history as it is stored: the DeviceHistory object (surefoot.dev/v1alpha1, cluster-scoped,
 * all of it in its status). The schema here is also the CRD's, see custom-resource.ts.
 */

export const GROUP = 'surefoot.dev';
export const VERSION = 'v1alpha1';
export const PLURAL = 'devicehistories';
/** As requests name it. */
export const DEVICE_HISTORIES = { group: GROUP, version: VERSION, plural: PLURAL };

/** Counts up when the meaning of a field changes; what an older Surefoot wrote is read for ever. */
export const FORM = 2;
/** etcd takes 1.5 MiB; a page of 500 such objects is to stay small too. */
const MOST_BYTES = 64 * 1024;
/** The same few words stand in every history: kept once, not once for each of 50,000 incidents. */
const shared = sharedTexts(8 * 2 ** 20);

const atField = (description: string) => z.iso.datetime().describe(description);
const text = (description: string) => z.string().describe(description);
const texts = (description: string) => z.array(z.string()).default([]).describe(description);
const number = (description: string) => z.number().describe(description);

const incidentSchema = z.object({
  id: text('Unique on its host.'),
  class: z
    .enum(['fatal', 'degraded', 'infrastructure', 'application'])
    .describe('What kind of fault it is.'),
  scope: z.enum(['device', 'node']).describe('Whether one device is struck or all of the node’s.'),
  resource: text('Extended resource of the device.').optional(),
  device: text('Id of the physical device; absent while nothing told.').optional(),
  slot: text('Where in the node it sits, such as a PCI address.').optional(),
  code: text('Code of the vendor, such as an XID.').optional(),
  openedAt: atField('When it was first seen.'),
  lastSeenAt: atField('When a signal last reported it.'),
  closedAt: atField('When nothing reported it any more.').optional(),
  endedAtBusyDays: number('What the host’s clock of busy days showed then.').optional(),
  probability: number('That it was a hardware fault, by the strongest signal.'),
  weight: number('What it counts for after what else explains it.').optional(),
  discounts: texts('What lowers its weight.'),
  mergeSeconds: number('Signals within this time are of the same fault.'),
  standing: texts('States that still report it.'),
  evidence: texts('What was seen, in words.'),
  rows: texts('Rows of the catalogue that report it.'),
  byTenants: z.boolean().optional().describe('Only tenants say so.'),
  owners: texts('Workloads that were there.'),
  cause: z
    .object({
      kind: z.enum(['rack', 'driver', 'model', 'owner']).describe('What they share.'),
      name: text('Which one.'),
      hosts: number('How many hosts were struck.'),
    })
    .describe('What several hosts had in common when each was struck.')
    .optional(),
  verifiedAt: atField('When a test after its repair passed.').optional(),
  swappedAt: atField('When the device was replaced.').optional(),
  swappedAtBusyDays: number('What the host’s clock showed then.').optional(),
  forgiven: z
    .object({ at: atField('When.'), reason: text('Why.') })
    .describe('Set by surefoot forgive.')
    .optional(),
});

const devicesAskedSchema = z.object({
  resources: z
    .array(z.object({ resource: text('Name.'), count: number('How many.') }))
    .describe('Extended resources.'),
  claims: texts('Resource claims.'),
});

const departureSchema = z.object({
  slot: z.object({
    key: text('Namespace, owner, role and index.'),
    workload: text('The workload it belongs to.'),
    interchangeable: z.boolean().describe('Whether replicas stand for one another.'),
    isNamed: z.boolean().optional().describe('Whether its pod named it.'),
  }),
  podUid: text('The pod that left.'),
  node: text('The node that it left.'),
  cause: z
    .enum(['completed', 'crashed', 'device fault', 'evicted', 'preempted', 'reclaimed', 'deleted'])
    .describe('Why.'),
  at: atField('When.'),
  ranSeconds: number('How long it had run there.'),
  devices: devicesAskedSchema.describe('What it needs to come back.'),
  images: texts('Images it needs.'),
  coldStartForOthersSeconds: number('What others are asked to spare it.'),
  homeUntil: atField('When the node stops being its home.'),
});

const statusSchema = z.object({
  form: z.int().min(1).max(FORM).describe('Version of what is stored here.'),
  host: text('The machine, across re-created Nodes.'),
  node: text('The Node that last stood for it.'),
  summary: z
    .object({
      faults: number('Incidents that count for anything.'),
      open: number('Incidents that something still reports.'),
      lastFaultAt: atField('When the last one was seen.').optional(),
      worst: text('The one that counts most, in words.').optional(),
    })
    .describe('For people.')
    .optional(),
  incidents: z.array(incidentSchema).default([]).describe('Faults, oldest first.'),
  exposure: z
    .object({
      busyDays: number(
        'Busy days of its average device: the clock by which faults age.',
      ).optional(),
      eras: z
        .array(
          z.object({
            fromBusyDays: number('Since when, on that clock.'),
            from: atField('Since when.'),
            cohorts: text('Model, driver, block, rack and age.'),
          }),
        )
        .default([])
        .describe('What it had in common with others.'),
      deviceDays: z
        .array(z.number())
        .describe('Form 1: busy device-days, decayed on two scales.')
        .optional(),
      foldedAt: atField(
        'Until when the work of pods is in it that its Node had when it went.',
      ).optional(),
      at: atField('When they were reckoned.'),
    })
    .describe('Work that went well.')
    .optional(),
  firstSeenAt: atField('When it was first seen, or its Node was made.').optional(),
  departures: z.array(departureSchema).default([]).describe('Slots that may come back.'),
  counted: z
    .array(z.object({ uid: text('Of the pod.'), at: atField('When it ended.') }))
    .default([])
    .describe('Ended pods that are in the exposure.'),
  countedThrough: atField('Pods that ended until then are in the exposure too.').optional(),
  boot: z
    .object({ id: text('Boot ID.'), at: atField('When.') })
    .describe('The last boot.')
    .optional(),
  maintenance: z
    .object({
      since: atField('When it began.'),
      until: atField('When it ended.').optional(),
      words: text('What it was.'),
    })
    .describe('The last announced work.')
    .optional(),
  repairs: z.array(atField('When.')).default([]).describe('Attempts to repair the host.'),
  marks: texts('Remediations that are known.'),
  devices: z
    .array(
      z.object({
        id: text('Physical id.'),
        resource: text('Extended resource.').optional(),
        slot: text('Where it sits.').optional(),
        lastSeenAt: atField('When it was last seen.'),
        firstSeenAt: atField('When it was first seen in any host.').optional(),
        fromBusyDays: number('What the host’s clock showed when it came.').optional(),
      }),
    )
    .default([])
    .describe('Devices that the host has shown.'),
  capacityPeaks: z
    .record(z.string(), z.number())
    .default({})
    .describe('The most of each resource that it ever had.'),
  ignored: z
    .array(
      z.object({
        at: atField('When last.'),
        why: z.enum(['boot', 'planned', 'rollout', 'race', 'untrusted', 'unsure']).describe('Why.'),
        row: text('Row of the catalogue.'),
        words: text('What it was.'),
        times: number('How often.'),
      }),
    )
    .default([])
    .describe('What looked like a fault and was not held against the host.'),
});

export const deviceHistoryStatusSchema = statusSchema;
type StoredStatus = z.output<typeof statusSchema>;

/** A DeviceHistory object. */
export interface DeviceHistory {
  readonly apiVersion: string;
  readonly kind: 'DeviceHistory';
  readonly metadata: ObjectMeta;
  readonly status?: unknown;
}

/** What an object says, or why it cannot be read. */
export type ReadHistory =
  | { readonly ok: true; readonly history: HostHistory }
  | { readonly ok: false; readonly problem: string };

/** Name of a host's object: readable where the id allows it, and never the same for two hosts. */
export function objectNameOf(host: HostId): string {
  const readable = host.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  const isFaithful = readable === host.replace(':', '-') && readable.length <= 200;
  const name = /[a-z0-9](?:.*[a-z0-9])?/.exec(readable.slice(0, 200))?.[0] ?? '';
  return isFaithful
    ? name
    : `${name}-${createHash('sha256').update(host).digest('hex').slice(0, 10)}`;
}

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
  const read = statusSchema.safeParse(status ?? {});
  if (!read.success) {
    const [issue] = read.error.issues;
    return problem(
      name,
      `status.${issue?.path.join('.')}: ${issue?.message}; delete the object to begin anew`,
    );
  }
  return { ok: true, history: fromStatus(read.data) };
}

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
    marks: [...marks],
    devices: history.devices.map(
      ({ lastSeenAtSeconds, firstSeenAtSeconds: firstSeen, ...device }) => ({
        ...device,
        ...(firstSeen !== undefined && { firstSeenAt: timeOf(firstSeen) }),
        lastSeenAt: timeOf(lastSeenAtSeconds),
      }),
    ),
    capacityPeaks: { ...history.capacityPeaks },
    ignored: history.ignored.map(({ atSeconds, ...one }) => ({ ...one, at: timeOf(atSeconds) })),
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
    ...rest
  } = incident;
  return {
    ...rest,
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

function fromStatus(status: StoredStatus): HostHistory {
  const { host, node, firstSeenAt, boot, maintenance, marks, counted, capacityPeaks } = status;
  const exposure = exposureOf(status);
  return {
    host: shared(host),
    node: shared(node),
    incidents: status.incidents.map((stored) => fromIncident(stored, exposure)),
    exposure,
    ...(firstSeenAt !== undefined && { firstSeenAtSeconds: secondsOf(firstSeenAt) }),
    departures: status.departures.map(({ at, homeUntil, slot, ...rest }) => ({
      ...rest,
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
    marks,
    devices: status.devices.map(
      ({ id, resource, slot, lastSeenAt, firstSeenAt: firstSeen, fromBusyDays }): KnownDevice => ({
        id,
        ...(resource !== undefined && { resource: shared(resource) }),
        ...(slot !== undefined && { slot }),
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
    ...(slot !== undefined && { slot }),
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

function timeOf(atSeconds: number): string {
  return new Date(atSeconds * 1000).toISOString();
}

function secondsOf(time: string): number {
  return Date.parse(time) / 1000;
}
