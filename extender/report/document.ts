/** A text with tables, to be written in whatever form people read. */
export interface Document {
  readonly title: string;
  readonly lead: readonly string[];
  readonly sections: readonly Section[];
}

export interface Section {
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly table?: Table;
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** As Markdown. */
export function markdownOf({ title, lead, sections }: Document): string {
  return [
    `# ${title}`,
    ...lead.map(escapedMarkdown),
    ...sections.flatMap((section) => [
      `## ${section.title}`,
      ...section.paragraphs.map(escapedMarkdown),
      ...(section.table === undefined ? [] : [markdownTable(section.table)]),
    ]),
  ].join('\n\n');
}

/** As one HTML page that needs nothing else, for a browser or a mail. */
export function htmlOf({ title, lead, sections }: Document): string {
  const paragraph = (text: string) => `<p>${escapedHtml(text)}</p>`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><title>${escapedHtml(title)}</title><style>${STYLE}</style></head>`,
    '<body>',
    `<h1>${escapedHtml(title)}</h1>`,
    ...lead.map(paragraph),
    ...sections.flatMap((section) => [
      `<h2>${escapedHtml(section.title)}</h2>`,
      ...section.paragraphs.map(paragraph),
      ...(section.table === undefined ? [] : [htmlTable(section.table)]),
    ]),
    '</body>',
    '</html>',
  ].join('\n');
}

/** As comma-separated values (RFC 4180, but for the line ends): one table. A cell that a spreadsheet would take for a formula is quoted as text. */
export function csvOf({ head, rows }: Table): string {
  const cell = (text: string) => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [head, ...rows].map((row) => row.map(cell).join(',')).join('\n');
}

const STYLE =
  'body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:.3em .6em;text-align:left;vertical-align:top}';

function markdownTable({ head, rows }: Table): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => escapedMarkdown(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function htmlTable({ head, rows }: Table): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapedHtml(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>${line(head, 'th')}${rows.map((row) => line(row, 'td')).join('')}</table>`;
}

/** Texts of tenants and nodes are texts: no markup, no line of their own. */
function escapedMarkdown(text: string): string {
  return text.replace(/[\\`*_<>[\]#]/g, '\\$&').replace(/\s+/g, ' ');
}

function escapedHtml(text: string): string {
  return text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}
