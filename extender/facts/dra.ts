import type { ObjectMeta, Timestamp } from '../../webhook/words/pod.ts';
import { beginningOf } from '../bounds/cut-text.ts';

/** Dynamic resource allocation: devices that drivers publish, and what is said about them. */

export interface DeviceTaint {
  readonly key?: string;
  readonly value?: string;
  readonly effect?: string;
  readonly timeAdded?: Timestamp;
}

/** What Surefoot reads of a resource.k8s.io/v1 ResourceSlice. */
export interface ResourceSlice {
  readonly metadata?: ObjectMeta;
  readonly spec?: {
    readonly driver?: string;
    readonly nodeName?: string;
    readonly pool?: { readonly name?: string };
    readonly devices?: readonly {
      readonly name?: string;
      readonly attributes?: Readonly<Record<string, { readonly string?: string }>>;
      readonly taints?: readonly DeviceTaint[];
    }[];
  };
}

/** What Surefoot reads of a resource.k8s.io DeviceTaintRule. */
export interface DeviceTaintRule {
  readonly metadata?: ObjectMeta;
  readonly spec?: {
    readonly deviceSelector?: {
      readonly driver?: string;
      readonly pool?: string;
      readonly device?: string;
    };
    readonly taint?: DeviceTaint;
  };
}

/** A device that a claim got. */
export interface AllocatedDevice {
  /** The request in the claim, with its subrequest: `gpu` or `gpu/large`. */
  readonly request?: string;
  readonly driver?: string;
  readonly pool?: string;
  readonly device?: string;
}

/** What Surefoot reads of a resource.k8s.io/v1 ResourceClaim. */
export interface ResourceClaim {
  readonly metadata?: ObjectMeta;
  readonly status?: {
    readonly allocation?: { readonly devices?: { readonly results?: readonly AllocatedDevice[] } };
    readonly devices?: readonly {
      readonly driver?: string;
      readonly pool?: string;
      readonly device?: string;
      readonly conditions?: readonly {
        readonly type?: string;
        readonly status?: string;
        readonly reason?: string;
        readonly message?: string;
        readonly lastTransitionTime?: Timestamp;
      }[];
    }[];
  };
}

/** Longer than any driver writes of a device (NVSentinel cuts at 1,024); the rest is not kept. */
const LONGEST_TEXT = 1024;
/** The API server allows 128 devices a slice, 32 devices a claim and 8 conditions a device (resource.k8s.io/v1). */
const MOST_CONDITIONS = 8;
const MOST_RESULTS = 32;
/** Attributes that say which part a device is. */
const OF_IDENTITY = /(^|\/)(uuid|pciBusID|pciAddr|parentUUID|parentPciAddr|parentPciBusID)$/;

/** A slice with what is read of it and no more: while slices are listed, those of the whole fleet are held. */
export function sliceAsKept({ metadata, spec = {} }: ResourceSlice): ResourceSlice {
  const { driver, nodeName, pool, devices = [] } = spec;
  return {
    metadata: asKept(metadata),
    spec: {
      ...(driver !== undefined && { driver }),
      ...(nodeName !== undefined && { nodeName }),
      ...(pool?.name !== undefined && { pool: { name: pool.name } }),
      devices: devices.map(({ name, attributes = {}, taints }) => ({
        ...(name !== undefined && { name }),
        attributes: Object.fromEntries(
          Object.entries(attributes).filter(([key]) => OF_IDENTITY.test(key)),
        ),
        ...(taints !== undefined && { taints }),
      })),
    },
  };
}

export function ruleAsKept({ metadata, spec }: DeviceTaintRule): DeviceTaintRule {
  return { metadata: asKept(metadata), ...(spec !== undefined && { spec }) };
}

/**
 * A claim with the devices that it got and what is said about them; `undefined` where it got none. Most of a claim a
 * tenant writes; the API server bounds what is kept of it.
 */
export function claimAsKept({ metadata, status = {} }: ResourceClaim): ResourceClaim | undefined {
  const results = (status.allocation?.devices?.results ?? []).slice(0, MOST_RESULTS);
  const reported = (status.devices ?? []).filter(({ conditions = [] }) => conditions.length > 0);
  if (results.length + reported.length === 0) return undefined;
  return {
    metadata: { ...asKept(metadata), namespace: metadata?.namespace ?? '' },
    status: {
      allocation: {
        devices: {
          results: results.map(({ request = '', driver = '', pool = '', device = '' }) => ({
            request,
            driver,
            pool,
            device,
          })),
        },
      },
      devices: reported.map(({ conditions = [], driver, pool, device }) => ({
        ...(driver !== undefined && { driver }),
        ...(pool !== undefined && { pool }),
        ...(device !== undefined && { device }),
        conditions: conditions
          .slice(0, MOST_CONDITIONS)
          .map(({ reason = '', message = '', ...condition }) => ({
            ...condition,
            reason: beginningOf(reason, LONGEST_TEXT),
            message: beginningOf(message, LONGEST_TEXT),
          })),
      })),
    },
  };
}

function asKept({ uid = '', name = '' }: ObjectMeta = {}): ObjectMeta {
  return { uid, name };
}
