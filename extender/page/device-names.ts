import type { ShownDevice } from './shapes.ts';

/**
 * Ids of the devices that a node has shown so far. The API names a device only while a pod has it;
 * remembering the names keeps each square of the page in its place.
 */
export class DeviceNames {
  readonly #names = new Map<string, readonly string[]>();

  of(node: string, resource: string): readonly string[] {
    return this.#names.get(`${node}/${resource}`) ?? [];
  }

  /** Learns from what is shown of a node; of more names than it has devices, the newest stay. */
  learn(node: string, devices: readonly ShownDevice[]): void {
    for (const resource of new Set(devices.map((device) => device.resource))) {
      const ofResource = devices.filter((device) => device.resource === resource);
      const seen = ofResource.flatMap(({ id, state }) =>
        id === undefined || state === 'free' ? [] : [id],
      );
      const earlier = this.of(node, resource).filter((id) => !seen.includes(id));
      const room = Math.max(0, ofResource.length - seen.length);
      const kept = room === 0 ? [] : earlier.slice(-room);
      this.#names.set(`${node}/${resource}`, [...kept, ...seen]);
    }
  }

  forget(node: string): void {
    for (const key of this.#names.keys()) {
      if (key.startsWith(`${node}/`)) this.#names.delete(key);
    }
  }
}
