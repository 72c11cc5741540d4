/** Seconds to pull so many bytes. */
export function pullSeconds(missingBytes: number, bytesPerSecond: number): number {
  return missingBytes / bytesPerSecond;
}

/** Seconds that a pod loses by starting on a node that is not warm for it; none at home. */
export function coldSeconds(coldStartSeconds: number, isHome: boolean): number {
  return isHome ? 0 : coldStartSeconds;
}
