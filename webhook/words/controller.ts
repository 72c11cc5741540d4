import type { ObjectMeta, OwnerReference } from './pod.ts';

/** The owner that makes the object anew when it is gone; `undefined` where there is none. */
export function controllerOf({
  ownerReferences,
}: Pick<ObjectMeta, 'ownerReferences'>): OwnerReference | undefined {
  return ownerReferences?.find(({ controller }) => controller === true);
}
