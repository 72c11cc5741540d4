/** Of a name in Kubernetes (a DNS subdomain, RFC 1123), in characters: what is longer names nothing there. */
export const LONGEST_NAME = 253;
