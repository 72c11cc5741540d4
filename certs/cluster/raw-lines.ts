import { setImmediate as turn } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { accepted, Silence } from './raw-request.ts';
import { TrimmedJson } from './trimmed-json.ts';

export interface LinesOptions {
  readonly signal: AbortSignal;
  /** A silence after which the lines end well: a quiet cluster, or a connection that is dead. */
  readonly silenceMs: number;
  /** A line was larger than anything that is read; it was let go of, or comes without some of its elements. */
  readonly onTooLong?: () => void;
}

/**
 * How long lines are handed out before whoever else waits gets a turn. A socket that is full is read 2 MiB at a
 * time (libuv), 350 statuses of nodes: without turns, a question would wait for all of them. Its body comes in several
 * reads, so it waits for several turns: with 1 ms it took 1.9 ms at the median in a storm, with this 0.9, and without
 * a storm 0.7 (5,000 names). A status takes about 0.1 ms.
 */
const TURN_MS = 0.1;

const LINE_END = 0x0a;

/** Longer lines are trimmed as they arrive. A Node with 50 images takes 15 kB, the largest slices some 200 kB. */
export const LONGEST_WHOLE_LINE_BYTES = 256 * 1024;
/** In a watch's line the object's fields are within `{"type":…,"object":{`. */
const OBJECT_DEPTH = 2;

/**
 * The lines of an answer that goes on, as a watch's, each an object's JSON. They end with the answer, with silence, or
 * with `signal`; throws what cut them off, and an ApiError when the answer is a refusal.
 */
export async function* rawLines(
  config: KubeConfig,
  path: string,
  { signal, silenceMs, onTooLong }: LinesOptions,
): AsyncGenerator<string> {
  try {
    const response = await accepted(config, path, { signal, silenceMs });
    const line = new Line();
    let beganMs = performance.now();
    for await (const chunk of response as AsyncIterable<Buffer>) {
      for (const text of line.endingIn(chunk)) {
        if (text === undefined) onTooLong?.();
        else if (text !== '') yield text;
        if (performance.now() - beganMs < TURN_MS) continue;
        await turn();
        beganMs = performance.now();
      }
    }
  } catch (error) {
    if (!endsWell(error, signal)) throw error;
  }
}

function endsWell(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted || error instanceof Silence;
}

/** One line as it arrives. */
class Line {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #trimmed: TrimmedJson | undefined;

  /** The lines that end in a chunk, trimmed where they are long; `undefined` for each that was too long even so. */
  *endingIn(chunk: Buffer): Generator<string | undefined> {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_END, from);
      this.#add(chunk.subarray(from, end < 0 ? chunk.length : end));
      if (end < 0) return;
      from = end + 1;
      const text = this.#take();
      if (this.#trimmed?.areElementsCut === true) yield undefined;
      this.#trimmed = undefined;
      yield text;
    }
  }

  #add(piece: Buffer): void {
    if (this.#trimmed === undefined && this.#bytes + piece.length <= LONGEST_WHOLE_LINE_BYTES) {
      this.#pieces.push(piece);
      this.#bytes += piece.length;
      return;
    }
    this.#trimmed ??= new TrimmedJson(OBJECT_DEPTH);
    for (const earlier of this.#pieces) this.#trimmed.add(earlier);
    this.#trimmed.add(piece);
    this.#pieces = [];
  }

  #take(): string | undefined {
    const trimmed = this.#trimmed;
    const [only, ...others] = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    if (trimmed !== undefined) return trimmed.text();
    if (only === undefined) return '';
    return (others.length === 0 ? only : Buffer.concat([only, ...others])).toString();
  }
}
