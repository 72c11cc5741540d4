/**
 * Gives for equal plain values always the same one, for where thousands of pods ask for the same few; by what they
 * are as JSON. Beyond `most` values it begins anew: what was given is only no longer shared.
 */
export function sharedParts(most: number): <Part extends object>(part: Part) => Part {
  const parts = new Map<string, object>();
  return <Part extends object>(part: Part) => {
    const text = JSON.stringify(part);
    const known = parts.get(text);
    // The text says all that there is in a plain value.
    if (known !== undefined) return known as Part;
    if (parts.size >= most) parts.clear();
    parts.set(text, part);
    return part;
  };
}
