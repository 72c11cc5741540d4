/** What the bytes say in JSON, or `undefined` when they are no JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  return parseJsonText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
}

/** What a text says in JSON, or `undefined` when it is no JSON. */
export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Smaller texts cannot hold what would not fit into memory. */
const SMALL_BYTES = 512 * 1024;
/** Objects of Kubernetes are far less deep. */
const MOST_DEPTH = 100;
/** For each list or map there are some values in it: one that is only a number takes 8 bytes. */
const SEPARATED_FOR_EACH = 5;

/**
 * Whether a JSON text can be parsed within bounds: it has at most so many lists and maps, which take some 60 bytes each,
 * few enough other values, and none of them is deep. `[{},{},…]` of 7 MiB becomes 180 MB of objects, and there is no
 * stopping once parsing has begun. Says nothing of whether it is JSON.
 */
export function isModestJson(bytes: Uint8Array, mostOpened: number): boolean {
  if (bytes.length <= SMALL_BYTES) return true;
  let [opened, separated, depth] = [0, 0, 0];
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (byte === 0x22) index = endOfText(bytes, index);
    else if (byte === 0x2c) separated += 1;
    else if (isOpening(byte)) {
      opened += 1;
      depth += 1;
      if (depth > MOST_DEPTH) return false;
    } else if (isClosing(byte)) depth -= 1;
  }
  return opened <= mostOpened && separated <= SEPARATED_FOR_EACH * mostOpened;
}

export function isOpening(byte: number | undefined): boolean {
  return byte === 0x5b || byte === 0x7b;
}

export function isClosing(byte: number | undefined): boolean {
  return byte === 0x5d || byte === 0x7d;
}

/** Where the quote is that ends the text which begins here. */
function endOfText(bytes: Uint8Array, begin: number): number {
  let index = begin + 1;
  while (index < bytes.length && bytes[index] !== 0x22) index += bytes[index] === 0x5c ? 2 : 1;
  return index;
}

/** True for a JSON object: neither a list nor null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same value without the members of maps that are null: for Kubernetes null is absence. Alters what it is given. */
export function withoutNulls<T>(value: T): T {
  // A list of what is still to be read, for a text may nest deeper than calls can.
  const unread: unknown[] = [value];
  while (unread.length > 0) {
    const one = unread.pop();
    if (isRecord(one)) dropNulls(one);
    for (const inner of Object.values(one ?? {})) if (typeof inner === 'object') unread.push(inner);
  }
  return value;
}

function dropNulls(record: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(record)) if (value === null) delete record[key];
}
