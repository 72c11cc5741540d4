import type { WriteStream } from 'node:tty';
import { spanInWords } from '../../../webhook/words/duration.ts';
import type { Happening } from '../../fleet/happening.ts';

/** What people come to see; the rest would only hurry past. */
const WORTH_A_LINE: ReadonlySet<Happening['kind']> = new Set([
  'device fault',
  'device repaired',
  'crash',
  'rack outage',
  'planned reboot',
  'node back',
  'group restart',
  'rejected',
]);

/** Tells what happens: a line that changes on a terminal, one line for each elsewhere. */
export class LiveLine {
  readonly #out: Pick<WriteStream, 'write' | 'isTTY' | 'columns'>;

  constructor(out: Pick<WriteStream, 'write' | 'isTTY' | 'columns'>) {
    this.#out = out;
  }

  show(happening: Happening, startSeconds: number): void {
    const { kind } = happening;
    if (!this.#out.isTTY) {
      if (WORTH_A_LINE.has(kind)) this.#out.write(`${lineOf(happening, startSeconds)}\n`);
      return;
    }
    const line = lineOf(happening, startSeconds).slice(0, (this.#out.columns || 80) - 1);
    this.#out.write(`\r\u001b[K${line}`);
  }
}

/** `20 min   device fault: gpu-4 GPU-gpu-4-0 has broken`. */
function lineOf(happening: Happening, startSeconds: number): string {
  const { atSeconds, kind, node, pod, words } = happening;
  const subject = pod ?? node;
  const place = pod !== undefined && node !== undefined ? ` on ${node}` : '';
  const said = subject === undefined ? words : `${subject}${place} ${words}`;
  return `${spanInWords(atSeconds - startSeconds).padEnd(8)} ${kind}: ${said}`;
}
