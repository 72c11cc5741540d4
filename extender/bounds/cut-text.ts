/**
 * The first characters of a text, at most so many, as a text of its own: a slice of V8's keeps all of the text alive
 * that it was cut from, which a tenant may have made a megabyte long.
 */
export function beginningOf(text: string, mostCharacters: number): string {
  return text.length <= mostCharacters ? text : ownText(text.slice(0, mostCharacters));
}

/** The first characters of a text, as many as take at most so many bytes in UTF-8. */
export function beginningInBytes(text: string, mostBytes: number): string {
  const into = new Uint8Array(mostBytes);
  const { read } = new TextEncoder().encodeInto(text, into);
  return beginningOf(text, read);
}

/** The same text, by itself. */
export function ownText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
