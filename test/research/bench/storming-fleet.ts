import { createHash } from 'node:crypto';
import { makeCertificates } from '../../../certs/make-once.ts';
import { RunningServer } from '../../../certs/serving/http.ts';
import { LastGood } from '../../../certs/serving/last-good.ts';
import { servingPairDirectory } from '../../../certs/serving/serving-pair.ts';
import { fleetApiApp } from '../../../extender/fleet/api-server.ts';
import type { FleetApi } from '../../../extender/fleet/fleet.ts';
import { type ApiObject, Objects, Versions } from '../../../extender/fleet/objects.ts';
import { type FleetNode, nodesInRacks, readyCondition } from '../../../extender/fleet/racks.ts';
import { topologySection } from '../../../extender/fleet/topology.ts';
import type { Pod } from '../../../webhook/words/pod.ts';
import { GPU } from '../../make/facts.ts';

/**
 * A fleet behind an API, in a process of its own: `node storming-fleet.ts TLS_DIR NODES`. After SIGUSR2 the
 * status of every node changes once a second, until the next one.
 */

/** The image that half of the nodes have, for pods that are told apart by it. */
const IMAGE = 'registry.example/team/train:1';
const PODS_A_NODE = 4;
const IMAGES_A_NODE = 40;
/** Statuses come spread over the second. */
const SLICES = 20;

function fleetOf(count: number): FleetApi {
  const versions = new Versions();
  const api: FleetApi = {
    namespaces: new Objects<ApiObject>('Namespace', versions),
    nodes: new Objects<FleetNode>('Node', versions),
    pods: new Objects<Pod>('Pod', versions),
  };
  const now = Date.now() / 1000;
  api.namespaces.create({ metadata: { name: 'default' } }, now);
  for (const [index, node] of nodesInRacks(count, topologySection.parse({}), now).entries()) {
    api.nodes.create({ ...node, status: { ...node.status, images: imagesOn(index) } }, now);
    for (let pod = 0; pod < PODS_A_NODE; pod += 1) {
      api.pods.create(podOn(node.metadata.name ?? '', `${index}-${pod}`), now);
    }
  }
  return api;
}

/** As kubelets list them: each by its digest and by its tag. */
function imagesOn(index: number): FleetNode['status']['images'] {
  const others = Array.from({ length: IMAGES_A_NODE }, (_none, image) =>
    listed(`registry.example/common-${(index + image) % 200}:1`, 1_000_000_000),
  );
  const everywhere = listed('registry.example/everywhere:1', 12_000_000_000);
  const own = index % 2 === 0 ? [listed(IMAGE, 12_000_000_000)] : [];
  return [...own, everywhere, ...others];
}

function listed(name: string, sizeBytes: number): FleetNode['status']['images'][number] {
  const digest = createHash('sha256').update(name).digest('hex');
  return { names: [`${name.replace(/:1$/, '')}@sha256:${digest}`, name], sizeBytes };
}

function podOn(nodeName: string, name: string): Pod {
  const startedAt = new Date(Date.now() - 3_600_000).toISOString();
  return {
    metadata: {
      name: `p-${name}`,
      namespace: 'default',
      annotations: { 'surefoot.dev/profile': 'nvidia' },
    },
    spec: {
      nodeName,
      containers: [
        {
          name: 'main',
          image: 'registry.example/everywhere:1',
          resources: { limits: { [GPU]: '1' } },
        },
      ],
    },
    status: {
      phase: 'Running',
      startTime: startedAt,
      containerStatuses: [{ name: 'main', state: { running: { startedAt } } }],
    },
  };
}

/** Changes the status of every node once a second, a slice at a time; gives how to end that. */
function storm({ nodes }: FleetApi): () => void {
  const names = [...nodes.all()].map(({ metadata }) => metadata.name ?? '');
  let slice = 0;
  const timer = setInterval(() => {
    const now = Date.now() / 1000;
    for (let index = slice; index < names.length; index += SLICES) {
      nodes.update(names[index] ?? '', (node) => ({
        ...node,
        status: { ...node.status, conditions: readyCondition(true, 'KubeletReady', now) },
      }));
    }
    slice = (slice + 1) % SLICES;
  }, 1000 / SLICES);
  return () => clearInterval(timer);
}

const [tlsDir = '', count = '0'] = process.argv.slice(2);
const api = fleetOf(Number(count));
await makeCertificates({ tlsDir, hosts: ['127.0.0.1'], now: new Date() });
const server = await RunningServer.https(
  { host: '127.0.0.1', port: 0 },
  await LastGood.loadForStart(servingPairDirectory(tlsDir)),
  fleetApiApp({
    api,
    nowSeconds: () => Date.now() / 1000,
    admit: async (pod) => pod,
    terminate() {},
  }),
);
let end: (() => void) | undefined;
process.on('SIGUSR2', () => {
  if (end === undefined) end = storm(api);
  else {
    end();
    end = undefined;
  }
});
console.log(JSON.stringify({ msg: 'serving', port: server.port }));
