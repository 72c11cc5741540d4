import express from 'express';
import type { LeaseObject } from '../../certs/cluster/lease-api.ts';
import { loadedKubeConfig } from '../make/kubeconfig.ts';
import { listening } from './listening.ts';

/** An API server with the Lease of the certificates program or none, and how often it was asked for it. */
export async function leaseServer(lease?: LeaseObject) {
  const kept = { lease, reads: 0 };
  const app = express().use(express.json({ type: () => true }));
  const path = '/apis/coordination.k8s.io/v1/namespaces/surefoot-system/leases/surefoot-certs';
  app.get(path, (_request, response) => {
    kept.reads += 1;
    if (kept.lease === undefined) response.status(404).send({ kind: 'Status' });
    else response.send(kept.lease);
  });
  app.put(path, (request, response) => {
    kept.lease = request.body;
    response.send(kept.lease);
  });
  return { kept, config: loadedKubeConfig(await listening(app)) };
}

/** That Lease with these annotations. */
export function certsLease(annotations: Record<string, string>): LeaseObject {
  return { metadata: { name: 'surefoot-certs', resourceVersion: '1', annotations } };
}
