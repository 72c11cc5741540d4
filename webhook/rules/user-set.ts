import type { ObjectMeta, Toleration } from '../words/pod.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * True when the object itself tells that its user set the field at `path`: a server-side apply
 * lists the user's fields in managedFields, `kubectl apply` leaves the applied manifest behind.
 * A plain create tells nothing, and its defaults look like choices.
 */
export function isUserSet(metadata: ObjectMeta, path: readonly string[]): boolean {
  const fieldPath = path.map((key) => `f:${key}`);
  const applied = (metadata.managedFields ?? []).some(
    (entry) => entry.operation === 'Apply' && holds(entry.fieldsV1, fieldPath),
  );
  return applied || holds(lastApplied(metadata), path);
}

/** The tolerations in the manifest that `kubectl apply` left behind; `undefined` without one. */
export function lastAppliedOf(
  metadata: ObjectMeta,
): { readonly spec?: { readonly tolerations?: readonly Toleration[] } } | undefined {
  const applied = lastApplied(metadata);
  if (!isObject(applied)) return undefined;
  const { spec } = applied;
  if (!isObject(spec) || !Array.isArray(spec.tolerations)) return {};
  return { spec: { tolerations: spec.tolerations.filter(isObject) } };
}

function lastApplied(metadata: ObjectMeta): unknown {
  const text = metadata.annotations?.[LAST_APPLIED];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function holds(value: unknown, path: readonly string[]): boolean {
  let inner = value;
  for (const key of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return false;
    inner = (inner as Record<string, unknown>)[key];
  }
  return true;
}
