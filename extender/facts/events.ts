import type { ObjectMeta, Timestamp } from '../../webhook/words/pod.ts';
import { beginningOf } from '../bounds/cut-text.ts';
import type { Catalogue } from '../signals/catalogue.ts';
import { momentOf, type Signal } from '../signals/signal.ts';
import { signsIn } from '../signals/signs.ts';
import { secondsOf } from './timestamp.ts';

/** What Surefoot reads of a core/v1 Event about a Node. */
export interface NodeEvent {
  readonly metadata?: ObjectMeta;
  readonly involvedObject?: { readonly kind?: string; readonly name?: string };
  readonly reason?: string;
  readonly message?: string;
  /** Neither `Normal` nor `Warning` with some writers: NVSentinel puts a check's name here. */
  readonly type?: string;
  readonly source?: { readonly component?: string };
  readonly reportingComponent?: string;
  readonly lastTimestamp?: Timestamp | null;
  readonly eventTime?: Timestamp | null;
}

/** What an Event says about a node. A tenant can write all of it. */
export interface EventFacts {
  readonly node: string;
  /** The Event's namespace: a tenant's own, or `default` for writers with rights on nodes. */
  readonly namespace: string;
  readonly signals: readonly Signal[];
  /** Its kind, where no row of the catalogue knows it. */
  readonly unmapped?: string;
}

/** Writers of Kubernetes itself, whose Events about nodes say nothing about devices; and ourselves. */
const SAYS_NOTHING =
  /^(surefoot\.dev\/extender|kubelet|kube-proxy|kube-scheduler|default-scheduler|node-controller|taint-eviction-controller|cloud-node-controller|kwok.*|)$/;

/** The facts of an Event. It is joined by kind and name: some writers put a name where the uid goes. */
export function eventFacts(event: NodeEvent, catalogue: Catalogue): EventFacts {
  const { metadata = {}, involvedObject = {}, reason = '', message = '', type = '' } = event;
  const component = event.source?.component || event.reportingComponent || '';
  const at = secondsOf(event.lastTimestamp) ?? secondsOf(event.eventTime);
  const atSeconds = at ?? secondsOf(metadata.creationTimestamp) ?? 0;
  const signs = signsIn(catalogue, 'node-event', { reason, message, type, component });
  return {
    node: involvedObject.name ?? '',
    namespace: metadata.namespace ?? '',
    signals: signs.map((sign) => momentOf(sign, atSeconds)),
    ...(signs.length === 0 &&
      !SAYS_NOTHING.test(component) && {
        unmapped: `event ${beginningOf(component, 64)}/${beginningOf(reason, 64)}`,
      }),
  };
}
