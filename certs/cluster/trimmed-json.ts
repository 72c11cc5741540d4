import { isClosing, isOpening } from '../serving/json.ts';

/** A text longer than this is left out: names, messages and codes that Surefoot reads are far shorter. */
const LONGEST_TEXT_BYTES = 16 * 1024;
/**
 * Of each field of `metadata`, `spec` and `status`, such as all containers of a pod; past it lists and maps within an
 * element are cut, such as `args`. The element's other fields stay: Go writes `resources` behind `args`, and a pod must
 * not hide its devices.
 */
const MOST_PART_BYTES = 2 ** 20;
/**
 * Of the object; past it elements are left out, too. 25,000 containers, more than etcd has room for, take 4.2 MiB with
 * what the API server writes into each.
 */
const MOST_BYTES = 6 * 2 ** 20;
/** What even so is larger has thousands of such fields, and no kind that Surefoot reads has. */
const GIVEN_UP_BYTES = 8 * 2 ** 20;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/**
 * The JSON of one API object, made smaller as it arrives: an object of 1.5 MiB in etcd is up to 9 MiB of JSON, and
 * any tenant may write one. Who the object is and what state it is in stays; long texts become empty, and long lists
 * and maps lose their ends.
 */
export class TrimmedJson {
  /** Brackets that are open around the elements of a field of `metadata`, `spec` or `status`. */
  readonly #elementsDepth: number;
  #areElementsCut = false;
  #kept = new Uint8Array(64 * 1024);
  #length = 0;
  #depth = 0;
  #isInText = false;
  #isEscaped = false;
  #isTextLeftOut = false;
  #textAt = 0;
  #partAt = 0;
  /** Nothing is kept until the list or map at this depth ends. */
  #skippedDepth: number | undefined;

  /** `objectDepth`: how many brackets are open around the object's own fields; in a watch's line 2, in a list 3. */
  constructor(objectDepth: number) {
    this.#elementsDepth = objectDepth + 2;
  }

  add(bytes: Uint8Array): void {
    if (this.#length > GIVEN_UP_BYTES) return;
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index] as number;
      if (this.#isInText) this.#takeText(byte);
      else this.#takeOther(byte);
    }
  }

  /** What is kept, as JSON; `undefined` when it was given up. */
  text(): string | undefined {
    if (this.#length > GIVEN_UP_BYTES) return undefined;
    return Buffer.from(this.#kept.buffer, 0, this.#length).toString();
  }

  /** Whether more was left out than lists and maps within elements. */
  get areElementsCut(): boolean {
    return this.#areElementsCut;
  }

  #takeText(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) {
      this.#isInText = false;
      this.#isTextLeftOut = false;
      this.#keep(byte);
      return;
    }
    if (this.#isTextLeftOut) return;
    if (this.#length - this.#textAt >= LONGEST_TEXT_BYTES) {
      this.#length = this.#textAt;
      this.#isTextLeftOut = true;
      return;
    }
    this.#keep(byte);
  }

  #takeOther(byte: number): void {
    if (byte === QUOTE) {
      this.#keep(byte);
      this.#isInText = true;
      this.#textAt = this.#length;
    } else if (isOpening(byte)) {
      this.#depth += 1;
      this.#keep(byte);
      if (this.#depth === this.#elementsDepth - 1) this.#partAt = this.#length;
    } else if (isClosing(byte)) {
      if (this.#skippedDepth === this.#depth) this.#skippedDepth = undefined;
      this.#depth -= 1;
      this.#keep(byte);
    } else if (byte === COMMA) {
      this.#cutIfFull();
      this.#keep(byte);
      if (this.#depth === this.#elementsDepth - 1) this.#partAt = this.#length;
    } else {
      this.#keep(byte);
    }
  }

  #cutIfFull(): void {
    if (this.#skippedDepth !== undefined) return;
    const isWithinElement = this.#depth >= this.#elementsDepth + 2;
    if (isWithinElement && this.#length - this.#partAt > MOST_PART_BYTES) {
      this.#skippedDepth = this.#depth;
    } else if (this.#depth >= this.#elementsDepth && this.#length > MOST_BYTES) {
      this.#skippedDepth = this.#depth;
      this.#areElementsCut = true;
    }
  }

  #keep(byte: number): void {
    if (this.#skippedDepth !== undefined) return;
    if (this.#length === this.#kept.length) {
      this.#kept = new Uint8Array(this.#kept.buffer.transfer(2 * this.#length));
    }
    this.#kept[this.#length] = byte;
    this.#length += 1;
  }
}
