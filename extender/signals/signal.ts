import type { DevicesAsked } from '../../webhook/words/device.ts';
import type { Catalogue, CatalogueRow, SignalClass, Worth } from './catalogue.ts';
import type { Finding } from './finding.ts';
import type { ContainerEnd, PodCondition } from './observed.ts';
import { type Sign, signsIn } from './signs.ts';

/** A raw observation that may mean a device fault. */
export interface Signal {
  /** Name of its catalogue row. */
  readonly row: string;
  readonly trust: CatalogueRow['trust'];
  readonly class: SignalClass;
  /** Whether it is about one device or about all of the node's. */
  readonly scope: CatalogueRow['scope'];
  /** Absent when the observation does not tell. */
  readonly resource?: string;
  /** Absent when the observation names no device. */
  readonly device?: string;
  /** Where in the node the device sits. */
  readonly pciSlot?: string;
  readonly code?: string;
  readonly atSeconds: number;
  readonly probability: number;
  readonly mergeSeconds: number;
  readonly settles: boolean;
  readonly words: string;
  /** Key of the state that stands until it is seen to end; absent for a moment. */
  readonly standing?: string;
  readonly repeats?: Worth['repeats'];
  /** Namespace of the pod or custom object. All Events about nodes count as of one namespace, whoever wrote them. */
  readonly namespace?: string;
}

/** The signal of a finding, once it counts. */
export function signalOf(finding: Finding, atSeconds: number): Signal {
  const { resource, key, words } = finding;
  return {
    ...momentOf(finding, atSeconds),
    ...(resource !== undefined && { resource }),
    standing: key,
    ...(words !== undefined && { words }),
  };
}

/** The signal of a moment. */
export function momentOf({ row, worth, code, device, pciSlot }: Sign, atSeconds: number): Signal {
  const { class: signalClass, probability, mergeSeconds, settles, words, repeats } = worth;
  return {
    row: row.name,
    trust: row.trust,
    class: signalClass,
    scope: row.scope,
    atSeconds,
    probability,
    mergeSeconds,
    settles,
    words,
    ...(code !== undefined && { code }),
    ...(device !== undefined && { device }),
    ...(pciSlot !== undefined && { pciSlot }),
    ...(repeats !== undefined && { repeats }),
  };
}

/** A pod that a kubelet may have refused. */
interface Refused {
  readonly statusReason?: string;
  readonly statusMessage?: string;
  readonly devices: DevicesAsked;
}

/** A pod with what its containers ended with. */
interface WithContainers {
  readonly namespace: string;
  readonly containers: readonly ContainerEnd[];
  readonly devices: DevicesAsked;
}

/** What the kubelet writes before the reason why a device could not be had (pkg/kubelet/cm/devicemanager/manager.go). */
const ALLOCATION = 'Allocate failed due to ';

/**
 * The kubelet's refusal of a pod for want of a device. The caller asks ingest/scheduling-race.ts first: the same
 * message means a broken device, or two schedulers that raced.
 */
export function rejectionSignals(
  { statusReason, statusMessage, devices }: Refused,
  catalogue: Catalogue,
  atSeconds: number,
): readonly Signal[] {
  const [, plugin] = (statusMessage ?? '').split(ALLOCATION, 2);
  const signs = signsIn(catalogue, 'pod-rejected', {
    reason: statusReason,
    message: statusMessage,
    plugin,
  });
  const [sign] = signs.toSorted((a, b) => b.worth.probability - a.worth.probability);
  if (sign === undefined) return [];
  if (sign.row.scope === 'node') return [momentOf(sign, atSeconds)];
  return devices.resources.map(({ resource }) => ({ ...momentOf(sign, atSeconds), resource }));
}

/** What containers of the pod ended with, or wait for; a tenant can write all of it. */
export function containerSignals(
  { containers, namespace, devices }: WithContainers,
  catalogue: Catalogue,
  atSeconds: number,
): readonly Signal[] {
  const signs = containers.flatMap(({ exitCode, container, reason, message, isWaiting }) =>
    isWaiting
      ? signsIn(catalogue, 'pod-waiting', { container, reason, message })
      : signsIn(catalogue, 'pod-exit', { exitCode: String(exitCode), container, reason, message }),
  );
  const [only, ...others] = devices.resources;
  return signs.map((sign) => ({
    ...momentOf(sign, atSeconds),
    namespace,
    ...(only !== undefined && others.length === 0 && { resource: only.resource }),
  }));
}

/** What conditions of the pod say about its node. */
export function podConditionSignals(
  { conditions }: { readonly conditions: readonly PodCondition[] },
  catalogue: Catalogue,
  atSeconds: number,
): readonly Signal[] {
  return conditions.flatMap((condition) =>
    signsIn(catalogue, 'pod-condition', { ...condition }).map((sign) => momentOf(sign, atSeconds)),
  );
}
