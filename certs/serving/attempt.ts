/** What `make` gives, or `undefined` where it throws: for parsers that only throw. */
export function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
