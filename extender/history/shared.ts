/** Gives for equal texts always the same one, for where thousands of nodes or incidents say the same few. */
export function sharedTexts(most: number): (text: string) => string {
  return keptOnce(most, (text: string) => text);
}

/** The same for plain values, by what they are as JSON: it says all that there is in one. */
export function sharedParts(most: number): <Part extends object>(part: Part) => Part {
  // Values with the same text are of the same type.
  return keptOnce<object>(most, JSON.stringify) as <Part extends object>(part: Part) => Part;
}

/** Beyond `most` values it begins anew: what was given is only no longer shared. */
function keptOnce<Value>(most: number, keyOf: (value: Value) => string): (value: Value) => Value {
  const values = new Map<string, Value>();
  return (value) => {
    const key = keyOf(value);
    const known = values.get(key);
    if (known !== undefined) return known;
    if (values.size >= most) values.clear();
    values.set(key, value);
    return value;
  };
}
