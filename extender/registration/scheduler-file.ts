/** How a scheduler reaches the extender: beside it on its node, or at a Service. */
export type Reach = 'loopback' | 'https';

/**
 * A file for kube-scheduler's `--config`, with comments: whom it asks, and for which pods. `resources`: the extended
 * resources by which a pod is known to ask for devices; without them every pod costs a question.
 */
export function schedulerFile(reach: Reach, resources: readonly string[] | undefined): string {
  return `${HEAD[reach]}apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
# The home of a pod must be among the nodes that are scored; the default looks at a sample.
percentageOfNodesToScore: 100
leaderElection:
  leaderElect: true
extenders:
  - ${REACH[reach]}
    prioritizeVerb: prioritize
    # Scores are signed, 10 points a step times this weight: at most 500 points, against some 1,200 of the
    # default plugins. What a loss in seconds comes to, and against which of them, is in extender.yaml
    # (halving); a higher weight raises all of it, and 3 would outweigh everything a user can ask for.
    weight: 1
    nodeCacheCapable: true
    ignorable: true
    httpTimeout: 300ms
${managedResources(resources)}`;
}

const HEAD: Record<Reach, string> = {
  loopback: `# A file for kube-scheduler's --config, not an object to apply. The extender listens on loopback
# beside the scheduler. It only scores, and it is ignorable: with it gone, pods are placed as before.
`,
  https: `# A file for kube-scheduler's --config, not an object to apply. The extender only scores, and it is ignorable: with it
# gone, pods are placed as before. The client certificate is the scheduler's own, system:kube-scheduler; with kubeadm:
#   kubectl --kubeconfig /etc/kubernetes/scheduler.conf config view --raw -o jsonpath='{.users[0].user.client-certificate-data}' | base64 -d > /etc/kubernetes/surefoot/client.crt
#   kubectl --kubeconfig /etc/kubernetes/scheduler.conf config view --raw -o jsonpath='{.users[0].user.client-key-data}' | base64 -d > /etc/kubernetes/surefoot/client.key
# and again when that is renewed (kubeadm: within a year); these two files are read again as they change.
`,
};

const REACH: Record<Reach, string> = {
  loopback: 'urlPrefix: http://127.0.0.1:9090',
  https: `urlPrefix: https://surefoot-extender.surefoot-system.svc
    enableHTTPS: true
    tlsConfig:
      caFile: /etc/kubernetes/surefoot/ca.crt
      serverName: surefoot-extender.surefoot-system.svc
      certFile: /etc/kubernetes/surefoot/client.crt
      keyFile: /etc/kubernetes/surefoot/client.key`,
};

function managedResources(resources: readonly string[] | undefined): string {
  if (resources === undefined) {
    return `    # Every pod costs a question, for pods that ask by resource claims are known by no resource.
`;
  }
  return `    # A pod that asks for none of these costs no question. Names are exact; a device that is missing here is never
    # scored. A pod that asks by resource claims has none of them: where such pods are to be scored, too, leave this
    # list out (surefoot manifests scheduler --every-pod).
    managedResources:
${resources.map((name) => `      - { name: ${name} }\n`).join('')}`;
}
