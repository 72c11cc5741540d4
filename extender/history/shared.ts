/** Gives for equal texts always the same one, for where thousands of nodes or incidents say the same few. */
export function sharedTexts(most: number): (text: string) => string {
  return madeOnce(
    most,
    (text: string) => text,
    (text) => text,
  );
}

/** The same for plain values, by what they are as JSON: it says all that there is in one. */
export function sharedParts(most: number): <Part extends object>(part: Part) => Part {
  // Values with the same text are of the same type.
  return madeOnce<object, object>(most, JSON.stringify, (part) => part) as <Part extends object>(
    part: Part,
  ) => Part;
}

/**
 * What is made of things with the same key is made once and given again. Beyond `most` it begins anew: what was given
 * is only no longer shared.
 */
export function madeOnce<Given, Made>(
  most: number,
  keyOf: (given: Given) => string,
  make: (given: Given) => Made,
): (given: Given) => Made {
  const all = new Map<string, Made>();
  return (given) => {
    const key = keyOf(given);
    const known = all.get(key);
    if (known !== undefined) return known;
    if (all.size >= most) all.clear();
    const made = make(given);
    all.set(key, made);
    return made;
  };
}
