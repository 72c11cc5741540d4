/** What a gang's member costs its job in each domain of one level, by where the other members are and will go. */

/** The domains of one level as one question finds them; lists are by the domain's number. */
export interface DomainsAsked {
  /** How many such members have room there, on the nodes asked about. */
  readonly places: Int32Array;
  /** 1 where the job is, or comes back to. */
  readonly isUsed: Uint8Array;
  /** Members without a place, the one that is asked about included. */
  readonly left: number;
}

/** What domains of one level cost the job, in seconds. */
export interface DomainPrices {
  /** For one more domain, which may take the whole job down. */
  readonly newDomain: (domain: number) => number;
  /** The same for the average one, where a choice makes another one necessary later. */
  readonly averageDomain: number;
  /** For being in more domains than it has to be, whichever they are. */
  readonly slowdown: number;
}

/** Seconds that the job loses by one more domain. */
export interface DomainLoss {
  readonly shared: number;
  readonly leaves: number;
}

/** More places than any domain has. */
const TOO_FEW = 2 ** 31;

export const NO_LOSS: DomainLoss = { shared: 0, leaves: 0 };

/**
 * Seconds by domain. A domain that the job uses costs nothing; another one what it costs itself, and what those cost that
 * the choice makes necessary for the members that are left. Greedy choices need more domains: of 64 members in racks of
 * eight, the first one must not go where four places are left.
 */
export class DomainLosses {
  readonly #asked: DomainsAsked;
  readonly #prices: DomainPrices;
  /** Sums of the places of unused domains, the largest first. */
  readonly #sums: Int32Array;
  readonly #sorted: Int32Array;
  readonly #usedPlaces: number;
  readonly #fewest: number;
  /** By places. */
  readonly #extra: number[] = [];
  #seconds: Float64Array | undefined;

  constructor(asked: DomainsAsked, prices: DomainPrices) {
    this.#asked = asked;
    this.#prices = prices;
    const { places, isUsed, left } = asked;
    const unused: number[] = [];
    let usedPlaces = 0;
    for (let domain = 0; domain < places.length; domain += 1) {
      if (isUsed[domain] === 1) usedPlaces += places[domain] as number;
      else if (places[domain] !== 0) unused.push(places[domain] as number);
    }
    this.#usedPlaces = usedPlaces;
    this.#sorted = Int32Array.from(unused).sort().reverse();
    this.#sums = new Int32Array(this.#sorted.length + 1);
    for (let at = 0; at < this.#sorted.length; at += 1) {
      this.#sums[at + 1] = (this.#sums[at] as number) + (this.#sorted[at] as number);
    }
    this.#fewest = this.#fewestFor(Math.max(1, left - usedPlaces));
  }

  /** Whether a domain that the job uses has room for the member. */
  get hasRoomInside(): boolean {
    return this.#usedPlaces > 0;
  }

  /** How many domains the job has to use besides those that it uses. */
  get fewestMore(): number {
    return this.#asked.left <= this.#usedPlaces ? 0 : this.#fewest;
  }

  /** By domain: all that it costs. */
  get seconds(): Float64Array {
    this.#seconds ??= this.#sumUp();
    return this.#seconds;
  }

  #sumUp(): Float64Array {
    const seconds = new Float64Array(this.#asked.places.length);
    for (let domain = 0; domain < seconds.length; domain += 1) {
      const { shared, leaves } = this.of(domain);
      seconds[domain] = shared + leaves;
    }
    return seconds;
  }

  /** Of a domain, or of a node without one (-1), which has so many places. */
  of(domain: number, ownPlaces = 1): DomainLoss {
    const { isUsed, places } = this.#asked;
    const isNone = domain < 0;
    if (!isNone && isUsed[domain] === 1) return NO_LOSS;
    const extra = this.extraWith(isNone ? ownPlaces : (places[domain] as number));
    const { newDomain, averageDomain, slowdown } = this.#prices;
    const isNeedless = this.#usedPlaces > 0 || extra > 0;
    const own = isNone ? averageDomain : newDomain(domain);
    return { shared: own + extra * averageDomain, leaves: isNeedless ? slowdown : 0 };
  }

  /** How many more domains the job needs in the end if this member goes to an unused one with so many places. */
  extraWith(count: number): number {
    const known = this.#extra[count];
    if (known !== undefined) return known;
    const left = Math.max(1, this.#asked.left - this.#usedPlaces);
    const extra = Math.max(0, 1 + this.#fewestFor(left - count, count) - this.#fewest);
    this.#extra[count] = extra;
    return extra;
  }

  /**
   * The domain that is best to fill next: of the cheapest ones the fullest that has room for all who are left, else the
   * emptiest; then the smallest `hash`. -1 where there is none.
   */
  preferred(hash: (domain: number) => number): number {
    const { places, left } = this.#asked;
    const all = this.seconds;
    let best = -1;
    let bestSeconds = Number.POSITIVE_INFINITY;
    let bestFit = Number.POSITIVE_INFINITY;
    let bestHash = Number.POSITIVE_INFINITY;
    for (let domain = 0; domain < places.length; domain += 1) {
      const count = places[domain] as number;
      if (count === 0) continue;
      const seconds = all[domain] as number;
      if (seconds > bestSeconds) continue;
      const fit = count >= left ? count - left : TOO_FEW - count;
      if (seconds === bestSeconds && fit > bestFit) continue;
      const own = hash(domain);
      if (seconds === bestSeconds && fit === bestFit && own >= bestHash) continue;
      best = domain;
      bestSeconds = seconds;
      bestFit = fit;
      bestHash = own;
    }
    return best;
  }

  /** The fewest unused domains with room for so many, but for one with `without` places; all and one more if none have. */
  #fewestFor(members: number, without?: number): number {
    if (members <= 0) return 0;
    const sums = this.#sums;
    const at = without === undefined ? -1 : this.#sorted.indexOf(without);
    for (let count = 1; count < sums.length; count += 1) {
      const sum =
        at === -1 || count <= at
          ? (sums[count] as number)
          : (sums[count + 1] ?? (sums[count] as number)) - (without ?? 0);
      if (sum >= members) return count;
    }
    return sums.length;
  }
}
