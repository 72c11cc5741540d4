/** A profiles.yaml that asks for everything there is, for tests that want every injection at work. */
export const FULL_PROFILES = `apiVersion: config.surefoot.dev/v1alpha1
kind: Profiles
profiles:
  - name: all
    devices: [nvidia.com/gpu, nvidia.com/gpu.shared, nvidia.com/mig-*]
    tolerations:
      - { key: nvidia.com/gpu, operator: Exists, effect: NoSchedule }
      - { key: sku, operator: Equal, value: gpu, effect: NoSchedule }
      - { key: example.com/flaky, effect: NoExecute, tolerationSeconds: 120 }
    grace: { minimum: 2m, cap: 10m }
    nodeLoss: 15m
    failurePolicy: { fatalExitCodes: [78, 79], backoffLimitPerIndex: 3 }
    restartRules: { exitCodes: [75] }
    schedulerName: surefoot
    avoidHazard: true
    preferHome: true
    waitForHome: 60s
  - name: amd
    devices: [amd.com/gpu]
    tolerations:
      - { key: amd.com/gpu, operator: Exists, effect: NoSchedule }
  - name: tpu
    devices: [google.com/tpu]
  - name: claims
    resourceClaims: true
`;
