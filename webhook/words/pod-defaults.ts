/** What the API server writes where a pod says nothing. */

export const DEFAULT_SCHEDULER = 'default-scheduler';
export const DEFAULT_GRACE_SECONDS = 30;
