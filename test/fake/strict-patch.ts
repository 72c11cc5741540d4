import type { PatchOperation } from '../../webhook/words/injection.ts';

/**
 * Applies a patch as strictly as the API server does (evanphx/json-patch): a parent that is missing,
 * or is no container, refuses the whole patch, and so does an index beyond the end of a list.
 */
export function applyStrictly<T>(object: T, operations: readonly PatchOperation[]): T {
  const result = structuredClone(object);
  for (const { op, path, value } of operations) {
    if (op !== 'add') throw new Error(`${path}: ${op} is not an operation of ours`);
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop();
    if (last === undefined) throw new Error('a patch of the whole object');
    let parent: unknown = result;
    for (const key of keys) parent = memberOf(parent, key, path);
    put(parent, last, structuredClone(value), path);
  }
  return result;
}

function memberOf(parent: unknown, key: string, path: string): unknown {
  if (Array.isArray(parent)) return parent[indexOf(parent, key, path, parent.length - 1)];
  if (typeof parent === 'object' && parent !== null && Object.hasOwn(parent, key)) {
    return (parent as Record<string, unknown>)[key];
  }
  throw new Error(`${path}: ${key} is missing`);
}

function put(parent: unknown, key: string, value: unknown, path: string): void {
  if (Array.isArray(parent)) {
    if (key === '-') parent.push(value);
    else parent.splice(indexOf(parent, key, path, parent.length), 0, value);
  } else if (typeof parent === 'object' && parent !== null) {
    (parent as Record<string, unknown>)[key] = value;
  } else {
    throw new Error(`${path}: its parent is no container`);
  }
}

function indexOf(list: readonly unknown[], key: string, path: string, most: number): number {
  const index = Number(key);
  if (!/^(0|[1-9]\d*)$/.test(key) || index > most) {
    throw new Error(`${path}: ${key} is no index of a list of ${list.length}`);
  }
  return index;
}
