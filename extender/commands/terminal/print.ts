import { printable } from '../../../certs/serving/printable.ts';

/** Writes a text and a line end to standard output, for a person at a terminal or a program. */
export function print(text: string): void {
  console.log(printable(text));
}

/** The same to standard error. */
export function complain(text: string): void {
  console.error(printable(text));
}
