/** Label and annotation keys that Surefoot reads or writes. */

/** Pod annotation: opts the pod in and names its device profile. */
export const PROFILE = 'surefoot.dev/profile';
/** Pod annotation: seconds between checkpoints, a duration, capped by the profile. */
export const CHECKPOINT = 'surefoot.dev/checkpoint';
/** Pod annotation: what a warm node saves beyond images, a duration, capped by the profile. */
export const COLD_START = 'surefoot.dev/cold-start';
/** Pod annotation: how long the pod will run, a duration, capped by the profile. */
export const EXPECTED_DURATION = 'surefoot.dev/expected-duration';
/** Pod annotation: names the slot by hand; scoped to namespace and owner. */
export const SLOT = 'surefoot.dev/slot';
/** Pod annotation: how long the pod waits for its slot's own node, a duration, at most what its profile says. */
export const WAIT_FOR_HOME = 'surefoot.dev/wait-for-home';
/** Pod annotation: how much its device matters to the pod: `required`, `degraded-ok` or `optional`. */
export const DEVICE_MATTERS = 'surefoot.dev/device-matters';
/** Pod annotation: `"false"` says that the pod is never released from a broken device. */
export const RELEASE = 'surefoot.dev/release';
/** Annotation of a pod, node or namespace, whatever it says: nothing there is released. */
export const HOLD = 'surefoot.dev/hold';
/** Scheduling gate of pods that wait for their slot's own node. */
export const HOME_GATE = 'surefoot.dev/home';
/** Pod annotation `"false"` opts the pod out; namespace label `enabled` or `observe` opts pods in. */
export const INJECT = 'surefoot.dev/inject';
/** Pod label that Surefoot writes on pods it has prepared. */
export const MANAGED = 'surefoot.dev/managed';
/** Pod annotation that Surefoot writes: what was injected, by which profile, and why. */
export const INJECTED = 'surefoot.dev/injected';
/** Node label and, if asked for, taint: `elevated` or `high`; a node without it is normal. */
export const HAZARD = 'surefoot.dev/hazard';
/** Node annotation: why the node has that label, in words. */
export const HAZARD_REASON = 'surefoot.dev/hazard-reason';
/** Node label, with a hash of the slot after it: a slot that is away has its home here. */
export const HOME = 'surefoot.dev/home-';
/** Set by the Job controller on the pods of an Indexed Job. */
export const JOB_INDEX = 'batch.kubernetes.io/job-completion-index';
