/**
 * Gives for equal texts always the same one, for where thousands of nodes or incidents say the same few.
 * Beyond `most` texts it begins anew: what was given is only no longer shared.
 */
export function sharedTexts(most: number): (text: string) => string {
  const texts = new Map<string, string>();
  return (text) => {
    const known = texts.get(text);
    if (known !== undefined) return known;
    if (texts.size >= most) texts.clear();
    texts.set(text, text);
    return text;
  };
}
