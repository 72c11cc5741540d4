/** How much a pod's device matters to it: it needs a good one, works on with a degraded one, or does without. */
export type DeviceMatters = (typeof DEVICE_MATTERS)[number];

export const DEVICE_MATTERS = ['required', 'degraded-ok', 'optional'] as const;

/** The share of what a device fault costs that such a pod loses by it (judgements). */
export const SHARE_LOST: Readonly<Record<DeviceMatters, number>> = {
  required: 1,
  'degraded-ok': 0.5,
  optional: 0.1,
};

/** `undefined` for any other word. */
export function deviceMattersIn(text: string): DeviceMatters | undefined {
  return DEVICE_MATTERS.find((one) => one === text);
}
