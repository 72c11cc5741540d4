import { type DeviceProfile, deviceProfileSchema } from '../../webhook/words/profile.ts';

/** An NVIDIA profile with the defaults of the schema, and overrides as a file would write them. */
export function makeProfile(overrides: Record<string, unknown> = {}): DeviceProfile {
  return deviceProfileSchema.parse({
    name: 'nvidia',
    devices: ['nvidia.com/gpu', 'nvidia.com/mig-*'],
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
    ...overrides,
  });
}
