import { z } from 'zod';
import { type Parsed, parseStrictYaml, strictSection } from '../../certs/serving/strict-yaml.ts';
import { durationField } from '../../webhook/words/profile.ts';

/** What a signal says about the hardware; catalogue.yaml explains each. */
export type SignalClass =
  | 'fatal'
  | 'degraded'
  | 'infrastructure'
  | 'application'
  | 'planned'
  | 'announced'
  | 'remediation'
  | 'verified-repair'
  | 'none';

const classField = z.enum([
  'fatal',
  'degraded',
  'infrastructure',
  'application',
  'planned',
  'announced',
  'remediation',
  'verified-repair',
  'none',
]);

/** Judgements, not measurements, and to be replaced by fitted ones. */
const DEFAULT_PROBABILITY: Readonly<Partial<Record<SignalClass, number>>> = {
  fatal: 0.9,
  degraded: 0.35,
  infrastructure: 0.08,
};

/** That a sign of this class means a hardware fault, where its row does not say. */
export function probabilityOf(signalClass: SignalClass): number {
  return DEFAULT_PROBABILITY[signalClass] ?? 0;
}

/** The burst gap within which NVSentinel takes events for one (health-events-analyzer). */
export const MERGE_SECONDS = 180;

/** A regular expression for the whole of a field; a dot is any character, line ends too. */
const wholeExpression = expressionField((text) => new RegExp(`^(?:${text})$`, 's'));
/** One that finds its first group anywhere. */
const findingExpression = expressionField((text) => new RegExp(text));

function expressionField(compile: (text: string) => RegExp) {
  return z.string().transform((text, context) => {
    try {
      return compile(text);
    } catch (error) {
      context.addIssue({
        code: 'custom',
        message: `not a regular expression: ${(error as Error).message}`,
      });
      return z.NEVER;
    }
  });
}

const probabilityField = z.number().min(0).max(1);

const repeatsSection = strictSection({
  times: z.int().min(2).max(100),
  within: durationField,
  class: classField,
  probability: probabilityField,
});

const codeSection = strictSection({
  class: classField,
  probability: probabilityField.optional(),
  words: z.string(),
  mergeFor: durationField.optional(),
  settles: z.boolean().optional(),
  /** What the signal becomes when it repeats on the same device under another owner. */
  repeats: repeatsSection.optional(),
}).transform(({ mergeFor, repeats, ...code }) => ({
  ...code,
  ...(mergeFor !== undefined && { mergeSeconds: mergeFor }),
  ...(repeats !== undefined && {
    repeats: {
      times: repeats.times,
      withinSeconds: repeats.within,
      class: repeats.class,
      probability: repeats.probability,
    },
  }),
}));

/** What one code of a family means. */
export type Code = z.output<typeof codeSection>;

const exampleField = z.record(z.string(), z.unknown()).optional();

const common = {
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, {
    error: 'expected a name of lower-case letters, digits and dashes, such as "my-health-check"',
  }),
  class: classField,
  probability: probabilityField.optional(),
  scope: z.enum(['device', 'node']).default('device'),
  settles: z.boolean().default(false),
  standsFor: durationField.prefault('0s'),
  words: z.string(),
  cites: z.string(),
  example: exampleField,
};

/** Of sources whose fields hold text: where codes and devices stand in it. */
const texts = {
  /** A family of `codes`. */
  codes: z.string().optional(),
  code: findingExpression.optional(),
  read: z.enum(['message', 'reason', 'value']).default('message'),
  split: z.string().optional(),
  device: findingExpression.optional(),
  slot: findingExpression.optional(),
};

const platform = {
  trust: z.literal('platform', {
    error: 'this source is written by the platform; write trust: platform',
  }),
};
const forgeable = {
  trust: z.literal('forgeable', {
    error: 'tenants can write this source, so it can only corroborate; write trust: forgeable',
  }),
};

/** A label's name, as Prometheus has them. */
export const METRIC_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/;
const labelField = z.string().regex(METRIC_LABEL, {
  error: 'expected the name of a label, such as "Hostname"',
});
/** Longer than any query of a person. */
const LONGEST_QUERY = 2048;

/** A match on some of these fields, at least one. */
function matching(...fields: string[]): z.ZodType<Readonly<Record<string, RegExp>>> {
  const shape = Object.fromEntries(fields.map((field) => [field, wholeExpression.optional()]));
  return strictSection(shape).refine((match) => Object.values(match).some(Boolean), {
    error: `it matches everything; name at least one of ${fields.join(', ')}`,
  }) as unknown as z.ZodType<Readonly<Record<string, RegExp>>>;
}

const rowSchema = z.discriminatedUnion('source', [
  strictSection({
    source: z.literal('node-condition'),
    match: matching('type', 'status', 'reason', 'message'),
    ...platform,
    ...common,
    ...texts,
  }),
  strictSection({
    source: z.literal('node-event'),
    match: matching('reason', 'component', 'message', 'type'),
    ...forgeable,
    ...common,
    ...texts,
  }),
  strictSection({
    source: z.literal('node-label'),
    match: matching('key', 'value'),
    /** The label whose number this one's must not be below. */
    below: z.string().optional(),
    ...platform,
    ...common,
    ...texts,
  }),
  strictSection({
    source: z.literal('node-annotation'),
    match: matching('key', 'value'),
    ...platform,
    ...common,
    ...texts,
  }),
  strictSection({
    source: z.literal('node-taint'),
    match: matching('key', 'value', 'effect'),
    ...platform,
    ...common,
  }),
  strictSection({ source: z.literal('node-cordon'), ...platform, ...common }),
  strictSection({ source: z.literal('node-allocatable'), ...platform, ...common }),
  strictSection({ source: z.literal('node-boot'), ...platform, ...common }),
  strictSection({
    source: z.literal('pod-device-health'),
    match: matching('health', 'resource'),
    ...platform,
    ...common,
  }),
  strictSection({
    source: z.literal('pod-rejected'),
    /** `plugin`: what follows `Allocate failed due to` in the message. */
    match: matching('reason', 'message', 'plugin'),
    ...platform,
    ...common,
  }),
  strictSection({
    source: z.literal('pod-condition'),
    match: matching('type', 'status', 'reason', 'message'),
    ...platform,
    ...common,
  }),
  strictSection({
    source: z.literal('pod-exit'),
    match: matching('exitCode', 'container', 'reason', 'message'),
    ...forgeable,
    ...common,
    ...texts,
  }),
  strictSection({
    source: z.literal('pod-waiting'),
    match: matching('reason', 'message', 'container'),
    ...forgeable,
    ...common,
  }),
  strictSection({
    source: z.literal('device-taint'),
    match: matching('driver', 'key', 'value', 'effect'),
    ...platform,
    ...common,
    ...texts,
  }),
  strictSection({
    source: z.literal('device-taint-rule'),
    match: matching('effect', 'driver', 'key', 'value'),
    ...platform,
    ...common,
    ...texts,
  }),
  strictSection({
    source: z.literal('claim-condition'),
    match: matching('type', 'driver', 'status', 'reason', 'message'),
    ...platform,
    ...common,
  }),
  strictSection({
    source: z.literal('custom-object'),
    resource: strictSection({
      group: z.string(),
      version: z.string(),
      plurals: z.array(z.string()).min(1),
    }),
    /** Where the node's name stands in the object, such as `spec.nodeName`. */
    node: z.string(),
    match: strictSection({ path: z.string(), value: wholeExpression }).optional(),
    ...platform,
    ...common,
  }),
  strictSection({
    source: z.literal('prometheus'),
    /** A PromQL expression that has a value for devices that are well, too. */
    query: z.string().min(1).max(LONGEST_QUERY),
    bad: z.string().regex(/^(==|!=|>=|<=|>|<) -?\d{1,15}(\.\d{1,15})?$/, {
      error: 'expected a comparison that holds of bad values, such as "> 0"',
    }),
    /** The labels that name the node, and the device where one does. */
    labels: strictSection({ node: labelField, device: labelField.optional() }),
    ...platform,
    ...common,
    ...texts,
  }),
]);

type WrittenRow = z.output<typeof rowSchema>;
export type Source = WrittenRow['source'];

/** What every row says, whatever its source. */
export interface CatalogueRow {
  readonly name: string;
  readonly source: Source;
  readonly trust: 'platform' | 'forgeable';
  /** Field to what it must be. */
  readonly match: Readonly<Record<string, RegExp | undefined>>;
  readonly scope: 'device' | 'node';
  readonly standsForSeconds: number;
  readonly words: string;
  readonly cites: string;
  readonly read: 'message' | 'reason' | 'value';
  readonly split?: string;
  readonly code?: RegExp;
  readonly device?: RegExp;
  readonly pciSlot?: RegExp;
  readonly below?: string;
  /** Of custom objects: what they are, and where in them the node's name and the deciding field stand. */
  readonly object?: {
    readonly group: string;
    readonly version: string;
    readonly plurals: readonly string[];
    readonly node: string;
    readonly path?: string;
  };
  /** Of metrics: what is asked, which values are bad, and the labels that name node and device. */
  readonly metric?: Metric;
  readonly example?: Readonly<Record<string, unknown>>;
  /** Its worth without a code, or with one that its family does not list. */
  readonly worth: Worth;
  readonly codes: ReadonlyMap<string, Worth>;
}

/** What Prometheus is asked for a row. */
export interface Metric {
  readonly query: string;
  /** A comparison, such as `> 0`. */
  readonly bad: string;
  readonly labels: { readonly node: string; readonly device?: string | undefined };
}

/** What one sign is worth: the row's word, or its code's. */
export interface Worth {
  readonly class: SignalClass;
  /** That the sign means a hardware fault. */
  readonly probability: number;
  /** Signs of one device within this time of one another are of one fault. */
  readonly mergeSeconds: number;
  readonly settles: boolean;
  readonly words: string;
  readonly repeats?: Code['repeats'];
}

const catalogueSchema = strictSection({
  rows: z.array(rowSchema).default([]),
  codes: z.record(z.string(), z.record(z.string(), codeSection)).default({}),
  /**
   * Namespaces whose custom objects are believed. Who may edit in any other one is a tenant, and what it writes there
   * only corroborates.
   */
  trustedNamespaces: z.array(z.string()).default([]),
});

/** A catalogue, or a part of one, as written: also what extender.yaml may add. */
export const catalogueSection = catalogueSchema;
export type WrittenCatalogue = z.output<typeof catalogueSchema>;

/** More kinds of conditions, labels and annotations than a fleet has, at half a kilobyte each at the most. */
const MOST_CANDIDATES = 10_000;
const LONGEST_CANDIDATE = 256;

const NO_NAMES: ReadonlySet<string> = new Set();

/** All rows, found by source. */
export class Catalogue {
  readonly rows: readonly CatalogueRow[];
  readonly #bySource: ReadonlyMap<Source, readonly CatalogueRow[]>;
  readonly #names: ReadonlyMap<Source, ReadonlySet<string>>;
  readonly #candidates = new Map<string, readonly CatalogueRow[]>();

  readonly #trustedNamespaces: ReadonlySet<string>;

  constructor(rows: readonly CatalogueRow[], trustedNamespaces: Iterable<string> = []) {
    this.rows = rows;
    this.#trustedNamespaces = new Set(trustedNamespaces);
    this.#bySource = Map.groupBy(rows, ({ source }) => source);
    this.#names = new Map(
      [...this.#bySource].map(([source, own]) => [source, new Set(own.map(({ name }) => name))]),
    );
  }

  of(source: Source): readonly CatalogueRow[] {
    return this.#bySource.get(source) ?? [];
  }

  /** Whether custom objects of this namespace are believed; those of none only administrators of clusters write. */
  trusts(namespace: string | undefined): boolean {
    return namespace === undefined || namespace === '' || this.#trustedNamespaces.has(namespace);
  }

  /** Names of the rows of a source. */
  namesOf(source: Source): ReadonlySet<string> {
    return this.#names.get(source) ?? NO_NAMES;
  }

  /**
   * The rows of a source whose `field` may be this text. The same few types, keys and labels stand on
   * every node of a fleet, so each is looked up once.
   */
  candidates(source: Source, field: string, text: string): readonly CatalogueRow[] {
    const key = `${source} ${text}`;
    const known = this.#candidates.get(key);
    if (known !== undefined) return known;
    const found = this.of(source).filter(({ match }) => match[field]?.test(text) ?? true);
    if (text.length > LONGEST_CANDIDATE) return found;
    if (this.#candidates.size >= MOST_CANDIDATES) this.#candidates.clear();
    this.#candidates.set(key, found);
    return found;
  }
}

/** Reads a catalogue file; a problem is a sentence with its line. */
export function parseCatalogue(fileName: string, text: string): Parsed<WrittenCatalogue> {
  return parseStrictYaml(fileName, text, catalogueSchema);
}

/** The catalogue of these parts: a row or a code of a name that an earlier part has takes its place. */
export function catalogueOf(...parts: readonly WrittenCatalogue[]): Catalogue {
  const families = new Map<string, Map<string, Code>>();
  const rows = new Map<string, WrittenRow>();
  for (const part of parts) {
    for (const [family, codes] of Object.entries(part.codes)) {
      families.set(family, new Map([...(families.get(family) ?? []), ...Object.entries(codes)]));
    }
    for (const row of part.rows) rows.set(row.name, row);
  }
  return new Catalogue(
    [...rows.values()].map((row) => {
      const family = 'codes' in row && row.codes !== undefined ? row.codes : '';
      return rowFrom(row, families.get(family) ?? new Map());
    }),
    parts.flatMap(({ trustedNamespaces }) => trustedNamespaces),
  );
}

function rowFrom(row: WrittenRow, family: ReadonlyMap<string, Code>): CatalogueRow {
  const { name, source, trust, scope, standsFor, words, cites, example } = row;
  return {
    name,
    source,
    trust,
    scope,
    words,
    cites,
    standsForSeconds: standsFor,
    match: matchOf(row),
    read: 'read' in row ? row.read : 'message',
    ...textsOf(row),
    ...('below' in row && row.below !== undefined && { below: row.below }),
    ...('resource' in row && { object: objectOf(row) }),
    ...('query' in row && {
      metric: { query: row.query, bad: row.bad, labels: row.labels },
    }),
    ...(example !== undefined && { example }),
    worth: {
      class: row.class,
      probability: row.probability ?? probabilityOf(row.class),
      mergeSeconds: MERGE_SECONDS,
      settles: row.settles,
      words,
    },
    codes: new Map([...family].map(([code, meaning]) => [code, worthOf(row, code, meaning)])),
  };
}

function worthOf(row: WrittenRow, code: string, meaning: Code): Worth {
  return {
    class: meaning.class,
    probability: meaning.probability ?? probabilityOf(meaning.class),
    mergeSeconds: meaning.mergeSeconds ?? MERGE_SECONDS,
    settles: meaning.settles ?? row.settles,
    words: `${row.words}: ${code}, ${meaning.words}`,
    // The last value of a metric is there until another one comes: it is no repetition.
    ...(meaning.repeats !== undefined &&
      row.source !== 'prometheus' && { repeats: meaning.repeats }),
  };
}

function matchOf(row: WrittenRow): Readonly<Record<string, RegExp | undefined>> {
  if (!('match' in row) || row.match === undefined) return {};
  return row.source === 'custom-object' ? { value: row.match.value } : row.match;
}

function objectOf({
  resource,
  node,
  match,
}: Extract<WrittenRow, { source: 'custom-object' }>): NonNullable<CatalogueRow['object']> {
  return { ...resource, node, ...(match !== undefined && { path: match.path }) };
}

function textsOf(row: WrittenRow): Pick<CatalogueRow, 'split' | 'code' | 'device' | 'pciSlot'> {
  if (!('read' in row)) return {};
  const { split, code, device, slot } = row;
  return {
    ...(split !== undefined && { split }),
    ...(code !== undefined && { code }),
    ...(device !== undefined && { device }),
    ...(slot !== undefined && { pciSlot: slot }),
  };
}
