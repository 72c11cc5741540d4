import { type Finding, isAbout } from '../signals/finding.ts';

/** What was found about each subject of a row, by its key: a device, or the node where the row names none. */
type OfSubjects = ReadonlyMap<string, readonly Finding[]>;

/** More devices than a node has. */
const MOST_SUBJECTS = 256;

/** What stands about each node by what metrics say. */
export class MeasuredFindings {
  /** By node and row. */
  readonly #measured = new Map<string, Map<string, OfSubjects>>();
  #areAsked = true;

  /** What metrics say about subjects of a row on a node now; of others nothing is known. */
  set(row: string, node: string, measured: OfSubjects): void {
    const ofNode = this.#measured.get(node) ?? new Map<string, OfSubjects>();
    this.#measured.set(node, ofNode.set(row, new Map([...measured].slice(0, MOST_SUBJECTS))));
  }

  /** Forgets which subjects are well, once that is written down. */
  forgetWell(row: string, node: string): void {
    const ofNode = this.#measured.get(node);
    const ill = [...(ofNode?.get(row) ?? [])].filter(([, findings]) => findings.length > 0);
    if (ill.length > 0) ofNode?.set(row, new Map(ill));
    else ofNode?.delete(row);
    if (ofNode?.size === 0) this.#measured.delete(node);
  }

  /** Forgets what metrics said of a node. */
  forgetOn(node: string): void {
    this.#measured.delete(node);
  }

  /** Forgets what metrics said; where nobody asks for them any more, nothing of it stands. */
  forget(areAsked: boolean): void {
    this.#measured.clear();
    this.#areAsked = areAsked;
  }

  on(node: string): readonly Finding[] {
    return [...(this.#measured.get(node)?.values() ?? [])].flatMap((subjects) =>
      [...subjects.values()].flat(),
    );
  }

  /** Whether nobody has said if this finding still stands: a series that is absent says nothing. */
  isUnknown(node: string, row: string, key: string): boolean {
    if (!this.#areAsked) return false;
    const subjects = this.#measured.get(node)?.get(row)?.keys() ?? [];
    return ![...subjects].some((subject) => isAbout(key, subject));
  }
}
