import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ObjectMeta } from '../../webhook/words/pod.ts';
import type { HostId } from '../signals/identity.ts';

/**
 * A host's history as it is stored: the DeviceHistory object (surefoot.dev/v1alpha1, cluster-scoped,
 * all of it in its status). The schema here is also the CRD's, see custom-resource.ts; encode.ts and decode.ts turn a history into it and back.
 */

export const GROUP = 'surefoot.dev';
export const VERSION = 'v1alpha1';
export const PLURAL = 'devicehistories';
/** As requests name it. */
export const DEVICE_HISTORIES = { group: GROUP, version: VERSION, plural: PLURAL };

/** Counts up when the meaning of a field changes; what an older Surefoot wrote is read for ever. */
export const FORM = 2;

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
  wishes: text('Hash of its selectors and affinities.').optional(),
  coldStartForOthersSeconds: number('What others are asked to spare it.'),
  homeUntil: atField('When the node stops being its home.'),
});

export const deviceHistoryStatusSchema = z.object({
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
  sharedAt: atField(
    'When two Nodes had this identity at once, so that it names no machine any more.',
  ).optional(),
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
  away: z
    .array(atField('When.'))
    .default([])
    .describe(
      'When its Node went away and nobody had announced it; racks that went as a whole follow from it.',
    ),
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
  raised: z
    .array(
      z.object({
        from: atField('Since when.'),
        until: atField('Until when; absent while it goes on.').optional(),
      }),
    )
    .default([])
    .describe('When its hazard was called elevated or high.'),
});

export type StoredStatus = z.output<typeof deviceHistoryStatusSchema>;

/** A DeviceHistory object. */
export interface DeviceHistory {
  readonly apiVersion: string;
  readonly kind: 'DeviceHistory';
  readonly metadata: ObjectMeta;
  readonly status?: unknown;
}

/** Name of a host's object: readable where the id allows it, and never the same for two hosts. */
export function objectNameOf(host: HostId): string {
  const readable = host.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  const isFaithful = readable === host.replace(':', '-') && readable.length <= 200;
  const name = /[a-z0-9](?:.*[a-z0-9])?/.exec(readable.slice(0, 200))?.[0] ?? '';
  return isFaithful
    ? name
    : `${name}-${createHash('sha256').update(host).digest('hex').slice(0, 10)}`;
}
