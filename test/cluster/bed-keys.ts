/** Annotations through which tests, the kubelet stand-in and kwok's stages speak; see stages.yaml. */

/** Written by the stand-in on a pod it admits: its `allocatedResourcesStatus`, all healthy. */
export const ALLOCATED = 'bed.surefoot.dev/allocated';
/** The same with the first device unhealthy, for the stage that breaks it. */
export const ALLOCATED_UNHEALTHY = 'bed.surefoot.dev/allocated-unhealthy';
/** Written by the stand-in on a pod it rejects: the kubelet's message. */
export const REJECTED = 'bed.surefoot.dev/rejected';
/** On a node: how many devices are broken without the node saying so. */
export const BROKEN = 'bed.surefoot.dev/broken';
/** On a pod: end well. */
export const COMPLETE = 'bed.surefoot.dev/complete';
/** On a pod: end with this exit code. */
export const CRASH = 'bed.surefoot.dev/crash';
/** On a pod: its first device turns unhealthy, then it ends with this exit code. */
export const DEVICE_FAULT = 'bed.surefoot.dev/device-fault';
/** On a pod: once deleted, take the whole termination grace; `never`: stay, as a process that cannot be killed. */
export const SLOW_END = 'bed.surefoot.dev/slow-end';
/** On a node: boot anew, with this boot id. */
export const REBOOT = 'bed.surefoot.dev/reboot';

/** On a node that is created: since when it says that it is ready. */
export const READY_SINCE = 'bed.surefoot.dev/ready-since';

/** The only device resource of the bed. */
export const GPU = 'nvidia.com/gpu';
