/** A moment in the form of MicroTime: RFC 3339 with six digits behind the second, which the API server insists on. */
export function microTime(at: Date): string {
  return at.toISOString().replace('Z', '000Z');
}
