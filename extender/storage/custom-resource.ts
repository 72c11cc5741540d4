import { z } from 'zod';
import { deviceHistoryStatusSchema, GROUP, PLURAL, VERSION } from './schema.ts';

/** The CustomResourceDefinition of DeviceHistory, from the schema that reads it. */
export function deviceHistoryDefinition(): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${PLURAL}.${GROUP}`,
      labels: { 'app.kubernetes.io/name': 'surefoot' },
    },
    spec: {
      group: GROUP,
      scope: 'Cluster',
      names: {
        kind: 'DeviceHistory',
        listKind: 'DeviceHistoryList',
        plural: PLURAL,
        singular: 'devicehistory',
        shortNames: ['dh'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [
            column('Node', 'string', '.status.node', 'Node that last stood for the host.'),
            column('Faults', 'integer', '.status.summary.faults', 'Faults that count.'),
            column('Open', 'integer', '.status.summary.open', 'Faults that still stand.'),
            column('Last', 'date', '.status.summary.lastFaultAt', 'Since the last fault.'),
            column('Worst', 'string', '.status.summary.worst', 'What counts most.'),
            { ...column('Host', 'string', '.status.host', 'The machine.'), priority: 1 },
          ],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description:
                'What Surefoot remembers of one host and its devices, for the life of the hardware. Written by the extender; to forgive, use surefoot forgive.',
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                status: structural(
                  z.toJSONSchema(deviceHistoryStatusSchema, {
                    io: 'input',
                    unrepresentable: 'any',
                  }),
                ),
              },
            },
          },
        },
      ],
    },
  };
}

function column(name: string, type: string, jsonPath: string, description: string) {
  return { name, type, jsonPath, description };
}

/** What a structural schema may not say is left out (KEP on structural schemas). */
const NOT_STRUCTURAL: ReadonlySet<string> = new Set(['$schema', 'default', 'pattern', 'const']);

/** JSON schema as the API server takes it: no closed objects, no constants, no patterns of times. */
function structural(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(structural);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema)
    .filter(([key]) => !NOT_STRUCTURAL.has(key) && key !== 'propertyNames')
    .filter(([key, value]) => key !== 'additionalProperties' || typeof value === 'object')
    .map(([key, value]) => [
      key,
      key === 'properties'
        ? Object.fromEntries(
            Object.entries(value as object).map(([name, one]) => [name, structural(one)]),
          )
        : structural(value),
    ]);
  return Object.fromEntries(entries);
}
