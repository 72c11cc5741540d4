/** Drops what a map has held longest until no more than `most` entries are left; gives the values dropped. */
export function dropOldest<Key, Value>(map: Map<Key, Value>, most: number): readonly Value[] {
  const dropped: Value[] = [];
  for (const [key, value] of map) {
    if (map.size <= most) break;
    map.delete(key);
    dropped.push(value);
  }
  return dropped;
}
