/** Gives for equal texts always the same one, for where thousands of nodes or incidents say the same few. */
export function sharedTexts(mostBytes: number): (text: string) => string {
  return madeOnce(
    mostBytes,
    (text: string) => text,
    (text) => text,
  );
}

/** The same for plain values, by what they are as JSON: it says all that there is in one. */
export function sharedParts(mostBytes: number): <Part extends object>(part: Part) => Part {
  // Values with the same text are of the same type.
  return madeOnce<object, object>(mostBytes, JSON.stringify, (part) => part) as <
    Part extends object,
  >(
    part: Part,
  ) => Part;
}

/**
 * What is made of things with the same key is made once and given again. Where the keys take more than `mostBytes` it
 * begins anew: what was given is only no longer shared.
 */
export function madeOnce<Given, Made>(
  mostBytes: number,
  keyOf: (given: Given) => string,
  make: (given: Given) => Made,
): (given: Given) => Made {
  const all = new Map<string, Made>();
  let bytes = 0;
  return (given) => {
    const key = keyOf(given);
    const known = all.get(key);
    if (known !== undefined) return known;
    const keyBytes = bytesOf(key);
    if (bytes + keyBytes > mostBytes) {
      all.clear();
      bytes = 0;
    }
    bytes += keyBytes;
    const made = make(given);
    all.set(key, made);
    return made;
  };
}

/** At most: V8 takes two bytes for a character where one byte does not do, and some for the text itself. */
const BYTES_A_CHARACTER = 2;
const BYTES_A_TEXT = 64;

function bytesOf({ length }: string): number {
  return BYTES_A_TEXT + length * BYTES_A_CHARACTER;
}
