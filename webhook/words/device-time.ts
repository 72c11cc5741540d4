/** Seconds times devices, for people: `12 device-minutes`, `3.5 device-hours`. */
export function deviceTimeInWords(deviceSeconds: number): string {
  const hours = deviceSeconds / 3600;
  if (Math.abs(hours) < 0.1) return `${Math.round(deviceSeconds / 60)} device-minutes`;
  const rounded = Math.abs(hours) < 10 ? Number(hours.toFixed(1)) : Math.round(hours);
  return `${rounded.toLocaleString('en')} device-hours`;
}
