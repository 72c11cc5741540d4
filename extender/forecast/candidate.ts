import type { Incident } from '../history/incident.ts';
import type { ToldHazard } from './hazard-words.ts';
import type { UnknownImages } from './images.ts';

/** Where a node stands to the other members of the pod's job. */
export interface JobDomain {
  /** For being in one more rack, whose outage takes the whole job down. */
  readonly sharedSeconds: number;
  /** Because the job is slower in more domains than it has to be. */
  readonly leavesSeconds: number;
  /** How many racks the job would be in. */
  readonly racks: number;
  /** What the job would leave, such as `block-2, where its job is`; absent where it leaves nothing. */
  readonly leaves?: string;
}

/** A node the scheduler asks about, with the facts that a forecast for one pod needs. */
export interface Candidate {
  readonly node: string;
  /** By what the watches have shown it has no room for the pod: its scheduler has seen more than we have. */
  readonly isFull: boolean;
  /** Bytes of the pod's images that the node would have to pull. */
  readonly missingBytes: number;
  /** Bytes of the pod's images that are there. */
  readonly presentBytes: number;
  /** Bytes of them that pulls under way have brought already. */
  readonly arrivedBytes: number;
  /** What the node pulls in a second, beside what it is pulling now. */
  readonly pullBytesPerSecond: number;
  /** Images that no node has listed: each is taken for an average one. */
  readonly unknownImages: UnknownImages;
  /** When the slot left this node, if it is the slot's home. */
  readonly homeSinceSeconds?: number;
  /** Faults per day that would hit the pod there. */
  readonly faultsPerDay: number;
  /** How that stands to the fleet's rate, and which cohort of its devices stands out. */
  readonly hazard: ToldHazard;
  /** What raises that rate, worst first. */
  readonly incidents: readonly Incident[];
  /** Seconds that other slots, on their way home, would lose to the pod. */
  readonly displacedSeconds: number;
  /** How many such slots. */
  readonly displacedSlots: number;
  /** How many such pods would run there: what has just broken is not counted. */
  readonly places: number;
  /** What the pod's job loses because the node is in another domain than its other members. */
  readonly domain?: JobDomain;
  /** What somebody has announced to do with the node, in words. */
  readonly announced?: string;
  /** Seconds that pods of whole nodes would lose: the pod takes a node apart of which all devices are free. */
  readonly fragmentationSeconds: number;
}
