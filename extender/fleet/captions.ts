import type { Happening } from './happening.ts';

/** How long a caption stands, in seconds of the fleet's clock at its usual speed: 20 s of ours. */
const STANDS_SECONDS = 1200;

/** A pod ends so soon after the device under it has broken. */
const FELT_WITHIN_SECONDS = 120;

/** Says of the fleet what is to be looked at now, one thing at a time. */
export class Captions {
  #last: { readonly atSeconds: number; readonly words: string } | undefined;
  #fault: { readonly atSeconds: number; readonly node: string | undefined } | undefined;

  happened(happening: Happening): void {
    const { kind, node, atSeconds } = happening;
    if (kind === 'device fault') this.#fault = { atSeconds, node };
    const isBecauseOfIt =
      kind === 'crash' &&
      this.#fault?.node === node &&
      atSeconds - (this.#fault?.atSeconds ?? 0) < FELT_WITHIN_SECONDS;
    const words = isBecauseOfIt ? undefined : captionOf(happening);
    if (words !== undefined) this.#last = { atSeconds, words };
  }

  /** `undefined` when nothing has happened for a while. */
  at(nowSeconds: number): string | undefined {
    if (this.#last === undefined) return undefined;
    return nowSeconds - this.#last.atSeconds > STANDS_SECONDS ? undefined : this.#last.words;
  }
}

function captionOf({ kind, node, pod, words }: Happening): string | undefined {
  const subject = pod ?? node ?? '';
  switch (kind) {
    case 'crash':
      return `${subject} crashes on ${node}. The device is not to blame, so it should come back to this node, where its images are.`;
    case 'device fault':
      return `on ${node} a device breaks${pod === undefined ? '' : ` under ${pod}`}. Whoever had it should go elsewhere, and new pods should avoid it.`;
    case 'rack outage':
      return `${words}. Nodes that fail together are one fault of the rack, not one of each.`;
    case 'planned reboot':
      return `${subject} is drained and boots anew. That was announced, so it is held against nobody.`;
    case 'group restart':
      return `${subject} restarts as a group. All members whose own node is healthy should go back to it.`;
    case 'device repaired':
      return `${node} works again. What happened stays in its history, and counts for less the longer it works.`;
    default:
      return undefined;
  }
}
