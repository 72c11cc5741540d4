/**
 * What a terminal would act on: control characters of both sets (C0 but for line end and tab, C1), delete, and those
 * that turn the direction of writing around (Unicode 16, Bidi_Control). Tenants write names, images and messages.
 */
const ACTED_ON =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The same text with each of them written out, as JSON would: `\u001b`. */
export function printable(text: string): string {
  return text.replace(
    ACTED_ON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
