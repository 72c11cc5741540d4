import type { Logger } from 'pino';
import { type Address, parseAddress } from '../../certs/serving/address.ts';
import { WrongCall } from '../../certs/serving/lifecycle.ts';
import type { Controls } from '../page/controls.ts';
import type { Story } from '../page/live.ts';

export interface ExtenderOptions {
  readonly config: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly listen: string;
  /** Directory with tls.crt and tls.key: the scheduler asks over HTTPS; absent: in the clear, for loopback. */
  readonly tlsDir?: string;
  /** File with the CA of the scheduler's client certificate; absent: whoever reaches the port may ask. */
  readonly clientCa?: string;
  /** Common name in that certificate. */
  readonly clientName?: string;
  /** Where the webhook asks over HTTPS whether gates can be lifted; absent: nobody may add one. */
  readonly gates?: string;
  /** Directory with the pair for that. */
  readonly gatesTlsDir?: string;
  readonly admin: string;
  readonly page: string;
  /** How long to serve on after SIGTERM, so that no call is lost. */
  readonly drainSeconds: number;
  /** Seconds since 1970; default: the machine's clock. */
  readonly nowSeconds?: () => number;
  /** `cluster`: in DeviceHistory objects; `memory`: for as long as this process lives. */
  readonly history: 'cluster' | 'memory';
  /** How often states that wait are looked at again; default: every second. */
  readonly tickMs?: number;
  /** What people may do from the page; default: nothing. */
  readonly controls?: Controls;
  /** Of a fleet that is simulated: how the page leads through it. */
  readonly story?: Story;
  /** Default: one JSON object a line on standard output. */
  readonly log?: Logger;
}

/** Whose questions are answered over HTTPS. */
export interface Clients {
  readonly authorityPath: string;
  readonly name: string;
}

/** Where the extender listens, and to whom. */
export interface Doors {
  readonly listen: Address;
  readonly admin: Address;
  readonly page: Address;
  readonly clients?: Clients;
  readonly gates?: { readonly address: Address; readonly tlsDir: string };
}

/** What kube-scheduler's certificate calls it (kubeadm, and RBAC's default bindings). */
const SCHEDULER_NAME = 'system:kube-scheduler';

/** Reads the addresses of a call. Throws WrongCall when one is none, or when flags do not go together. */
export function doorsOf(options: ExtenderOptions): Doors {
  const clients = clientsOf(options);
  const gates = gatesDoor(options);
  return {
    listen: parseAddress('--listen', options.listen),
    admin: parseAddress('--admin', options.admin),
    page: parseAddress('--page', options.page),
    ...(clients !== undefined && { clients }),
    ...(gates !== undefined && { gates }),
  };
}

function gatesDoor({ gates, gatesTlsDir }: ExtenderOptions): Doors['gates'] {
  if (gates === undefined && gatesTlsDir === undefined) return undefined;
  if (gates === undefined || gatesTlsDir === undefined) {
    throw new WrongCall('--gates and --gates-tls-dir go together: the word is given over TLS only');
  }
  return { address: parseAddress('--gates', gates), tlsDir: gatesTlsDir };
}

function clientsOf({ tlsDir, clientCa, clientName }: ExtenderOptions): Clients | undefined {
  if (clientCa === undefined) {
    if (clientName === undefined) return undefined;
    throw new WrongCall('--client-name: nobody is asked for a name; add --client-ca FILE');
  }
  if (tlsDir === undefined) {
    throw new WrongCall('--client-ca: nobody shows a certificate without TLS; add --tls-dir DIR');
  }
  return { authorityPath: clientCa, name: clientName ?? SCHEDULER_NAME };
}
