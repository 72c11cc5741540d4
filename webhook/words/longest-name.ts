/** Of a name in Kubernetes (a DNS subdomain, RFC 1123), in characters: what is longer names nothing there. */
export const LONGEST_NAME = 253;

/** A name that an object may have: a DNS subdomain. */
export const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
