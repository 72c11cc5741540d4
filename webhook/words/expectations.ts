import { type DeviceMatters, deviceMattersIn } from './device-matters.ts';
import { durationSeconds } from './duration.ts';
import {
  CHECKPOINT,
  COLD_START,
  DEVICE_MATTERS,
  EXPECTED_DURATION,
  SLOT,
  WAIT_FOR_HOME,
} from './keys.ts';
import type { Pod } from './pod.ts';
import type { DeviceProfile } from './profile.ts';
import type { Reason } from './reason.ts';
import { LONGEST_SLOT } from './workload.ts';

/** What a pod is expected to do with its time, from its annotations or its profile. */
export interface Expectations {
  /** How long it will run. */
  readonly durationSeconds: number;
  /** True when the pod says so itself; otherwise it is the profile's guess. */
  readonly saysDuration: boolean;
  /** Time between its checkpoints; absent when it makes none. */
  readonly checkpointSeconds?: number;
  /** From a fault to work going on again, images apart. */
  readonly restartSeconds: number;
  /** What a warm node saves it beyond images. */
  readonly coldStartSeconds: number;
  /**
   * The same as far as it may weigh on other pods, which are asked to leave its home free: never
   * more than the profile's. What a tenant writes must not keep others off a node.
   */
  readonly coldStartForOthersSeconds: number;
  /** How much its device matters to it. */
  readonly deviceMatters: DeviceMatters;
  /** The longest that a node it left counts as its home. */
  readonly homeLifeSeconds: number;
  /** The longest that it waits for that node; 0: it does not. */
  readonly waitForHomeSeconds: number;
  /** Annotations that were not taken as they stand, and why. */
  readonly remarks: readonly Reason[];
}

/**
 * Reads the pod's annotations, each capped by the profile: what a tenant writes may describe its
 * own pod, not outbid everybody else's. An unreadable annotation leaves the profile's value.
 */
export function expectationsOf(pod: Pod, profile: DeviceProfile): Expectations {
  const remarks: Reason[] = [];
  const { caps } = profile;
  const read = (key: string, capSeconds: number): number | undefined => {
    const text = pod.metadata.annotations?.[key];
    if (text === undefined) return undefined;
    const seconds = durationSeconds(text);
    if (seconds === undefined) {
      remarks.push({
        code: 'AnnotationUnreadable',
        words: `the annotation ${key} is ${JSON.stringify(text.slice(0, 40))}, not a duration such as "90s" or "1h30m"; the profile's value counts`,
      });
      return undefined;
    }
    if (seconds > capSeconds) {
      remarks.push({
        code: 'AnnotationCapped',
        words: `the annotation ${key} says ${text.slice(0, 40)}; profile ${profile.name} allows ${capSeconds}s`,
      });
    }
    return Math.min(seconds, capSeconds);
  };
  const matters = pod.metadata.annotations?.[DEVICE_MATTERS];
  const deviceMatters = matters === undefined ? profile.deviceMatters : deviceMattersIn(matters);
  if (deviceMatters === undefined) {
    remarks.push({
      code: 'AnnotationUnreadable',
      words: `the annotation ${DEVICE_MATTERS} is ${JSON.stringify((matters ?? '').slice(0, 40))}, not "required", "degraded-ok" or "optional"; "required" counts`,
    });
  }
  if ((pod.metadata.annotations?.[SLOT] ?? '').length > LONGEST_SLOT) {
    remarks.push({
      code: 'AnnotationUnreadable',
      words: `the annotation ${SLOT} is longer than ${LONGEST_SLOT} characters; the slot is the one that the pod's owner gives it`,
    });
  }
  const coldStartSeconds = read(COLD_START, caps.coldStartSeconds) ?? profile.coldStartSeconds;
  const checkpointSeconds = read(CHECKPOINT, caps.checkpointSeconds) ?? profile.checkpointSeconds;
  const said = read(EXPECTED_DURATION, caps.expectedDurationSeconds);
  return {
    durationSeconds: said ?? profile.expectedDurationSeconds,
    saysDuration: said !== undefined,
    ...(checkpointSeconds !== undefined && { checkpointSeconds }),
    restartSeconds: profile.restartSeconds,
    coldStartSeconds,
    coldStartForOthersSeconds: Math.min(coldStartSeconds, profile.coldStartSeconds),
    deviceMatters: deviceMatters ?? 'required',
    homeLifeSeconds: profile.homeLifeSeconds,
    waitForHomeSeconds:
      read(WAIT_FOR_HOME, profile.waitForHomeSeconds) ?? profile.waitForHomeSeconds,
    remarks,
  };
}
