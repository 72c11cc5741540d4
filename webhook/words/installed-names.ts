/** Names of what an installation consists of, where more than one place needs them; the manifests have them, too. */

/** The webhook configuration. It sorts last: other webhooks are called before ours. */
export const REGISTRATION = 'zz-surefoot';
/** The scheduler of the component own-scheduler. */
export const OWN_SCHEDULER = 'surefoot-scheduler';
