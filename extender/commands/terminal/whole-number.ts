import { WrongCall } from '../../../certs/serving/lifecycle.ts';

/** Reads a flag's whole number. What it gives throws WrongCall with the bounds. */
export function wholeNumber(flag: string, least: number, most: number): (text: string) => number {
  return function readWholeNumber(text) {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new WrongCall(`${flag}: "${text}" is not a whole number from ${least} to ${most}`);
  };
}
