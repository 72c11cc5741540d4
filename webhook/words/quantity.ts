const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Kubernetes writes at most 19 digits and a suffix; whoever reaches the port may send more. */
const LONGEST_TEXT = 64;
const QUANTITY = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/;

/** The number that a Kubernetes quantity (`8`, `500m`, `12Gi`, `1e3`) stands for, or `undefined`. */
export function quantityValue(quantity: string | number): number | undefined {
  if (typeof quantity === 'number') return Number.isFinite(quantity) ? quantity : undefined;
  const match = quantity.length > LONGEST_TEXT ? null : QUANTITY.exec(quantity);
  if (match === null) return undefined;
  const [, digits, exponent = '', suffix = ''] = match;
  return Number(`${digits}${exponent}`) * (FACTORS[suffix] as number);
}

/** A size for people, in the binary units that Kubernetes prints: `512 MiB`, `11.2 GiB`. */
export function bytesInWords(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  const rounded = size >= 100 || unit === 0 ? Math.round(size).toString() : size.toFixed(1);
  return `${rounded.replace(/\.0$/, '')} ${units[unit]}`;
}
