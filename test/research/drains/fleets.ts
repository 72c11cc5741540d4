/** What a fleet's jobs are like. */
export interface JobKind {
  readonly name: string;
  /** Share of the fleet's devices that such jobs take. */
  readonly share: number;
  readonly nodes: number;
  readonly devicesPerNode: number;
  /** On average; how long one runs is drawn by chance. Absent for a server, which runs for ever. */
  readonly durationSeconds?: number;
  /** Absent where it makes no checkpoints. */
  readonly checkpointSeconds?: number;
  readonly restartSeconds: number;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;

/** Fleets (judgements): of small jobs, of long jobs of many nodes, of servers, and of work that nobody saves. */
export const FLEETS: Readonly<Record<string, readonly JobKind[]>> = {
  'short jobs': [
    {
      name: 'one',
      share: 0.4,
      nodes: 1,
      devicesPerNode: 1,
      durationSeconds: HOUR,
      restartSeconds: 2 * MINUTE,
    },
    {
      name: 'two',
      share: 0.3,
      nodes: 1,
      devicesPerNode: 2,
      durationSeconds: 4 * HOUR,
      restartSeconds: 2 * MINUTE,
    },
    {
      name: 'four',
      share: 0.3,
      nodes: 1,
      devicesPerNode: 4,
      durationSeconds: 8 * HOUR,
      checkpointSeconds: HOUR,
      restartSeconds: 5 * MINUTE,
    },
  ],
  'long gangs': [
    {
      name: 'half',
      share: 0.7,
      nodes: 32,
      devicesPerNode: 4,
      durationSeconds: 10 * DAY,
      checkpointSeconds: HOUR,
      restartSeconds: 10 * MINUTE,
    },
    {
      name: 'study',
      share: 0.3,
      nodes: 1,
      devicesPerNode: 2,
      durationSeconds: 2 * DAY,
      checkpointSeconds: 2 * HOUR,
      restartSeconds: 5 * MINUTE,
    },
  ],
  serving: [
    { name: 'replica', share: 0.7, nodes: 1, devicesPerNode: 2, restartSeconds: 10 * MINUTE },
    {
      name: 'notebook',
      share: 0.3,
      nodes: 1,
      devicesPerNode: 1,
      durationSeconds: DAY,
      restartSeconds: 2 * MINUTE,
    },
  ],
  'no checkpoints': [
    {
      name: 'two days',
      share: 0.6,
      nodes: 1,
      devicesPerNode: 2,
      durationSeconds: 2 * DAY,
      restartSeconds: 5 * MINUTE,
    },
    {
      name: 'hours',
      share: 0.4,
      nodes: 1,
      devicesPerNode: 1,
      durationSeconds: 6 * HOUR,
      restartSeconds: 2 * MINUTE,
    },
  ],
};
