import { wholeSecond } from '../facts/timestamp.ts';
import type { Document, Section, Table } from './document.ts';
import type { WarrantyClaim } from './warranty.ts';

/** Claims as a text, one section a device. */
export function warrantyDocument(claims: readonly WarrantyClaim[], madeAt: string): Document {
  return {
    title: 'Evidence for a return',
    lead: [
      `Made on ${wholeSecond(madeAt)}. What is not told by any label of the node (such as serial numbers and firmware) is left out.`,
    ],
    sections: claims.map(sectionOf),
  };
}

/** Claims as one table, one row an incident. */
export function warrantyTable(claims: readonly WarrantyClaim[]): Table {
  return {
    head: [
      ...['node', 'host', 'scope', 'device', 'resource', 'slot', 'model', 'driver', 'first seen'],
      ...['opened', 'closed', 'class', 'code', 'weight', 'evidence', 'sources', 'remarks'],
      ...['downtime hours', 'percentile', 'owners'],
    ],
    rows: claims.flatMap((claim) =>
      claim.incidents.map((incident) => [
        claim.node,
        claim.host,
        claim.scope,
        claim.device ?? '',
        claim.resource ?? '',
        claim.slot ?? '',
        claim.model ?? '',
        claim.driver ?? '',
        claim.firstSeenAt ?? '',
        incident.openedAt,
        incident.closedAt ?? '',
        incident.class,
        incident.code ?? '',
        String(incident.weight),
        incident.evidence.join('; '),
        incident.sources.join('; '),
        incident.remarks.join('; '),
        String(claim.downtimeHours),
        claim.percentile === undefined ? '' : String(claim.percentile),
        (claim.owners ?? []).join('; '),
      ]),
    ),
  };
}

const WITHOUT_DEVICE = {
  node: 'the node as a whole',
  device: 'a device of the node that nothing has named',
} as const;

function sectionOf(claim: WarrantyClaim): Section {
  const { node, host, scope, device, resource, slot, model, driver, firstSeenAt } = claim;
  const { downtimeHours, percentile, owners, incidents } = claim;
  const named = [
    device === undefined ? WITHOUT_DEVICE[scope] : `device ${device}`,
    ...(resource === undefined ? [] : [`resource ${resource}`]),
    ...(slot === undefined ? [] : [`slot ${slot}`]),
    `node ${node}`,
    `host ${host}`,
    ...(model === undefined ? [] : [`model ${model}`]),
    ...(driver === undefined ? [] : [`driver ${driver}`]),
    ...(firstSeenAt === undefined ? [] : [`first seen ${wholeSecond(firstSeenAt)}`]),
  ];
  const ranked =
    percentile === undefined
      ? ''
      : ` It has had more faults than ${percentile} of 100 devices of its model.`;
  return {
    title: scope === 'node' ? node : `${device ?? 'A device'} in ${node}`,
    paragraphs: [
      `${named.join(', ')}.`,
      `Faults have stood for ${downtimeHours} h in all.${ranked}`,
      ...(owners === undefined
        ? []
        : [`Workloads that were there: ${owners.join(', ') || 'none'}.`]),
    ],
    table: {
      head: ['opened', 'closed', 'class', 'code', 'evidence', 'source', 'remarks'],
      rows: incidents.map((one) => [
        wholeSecond(one.openedAt),
        one.closedAt === undefined ? 'open' : wholeSecond(one.closedAt),
        one.class,
        one.code ?? '-',
        one.evidence.join('; '),
        one.sources.join('; '),
        one.remarks.join('; ') || '-',
      ]),
    },
  };
}
