/** Text that is safe inside HTML, and elements without a framework. */

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);

export interface Column<Row> {
  title: string;
  /** What is shown. */
  cell: (row: Row) => string;
  /** What it is sorted by. @default the text; numbers sort as such, and nothing comes last */
  value?: (row: Row) => number | undefined;
  /** Hover text of the heading. */
  help?: string;
  /** `cell` is HTML already. */
  html?: boolean;
}

/** A table whose headings sort it (script.ts). Each cell says its column, for phones, where rows become cards. */
export const table = <Row>(
  id: string,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  attributes: (row: Row) => string = () => '',
): string => {
  const head = columns
    .map(
      ({ title, help, value }) =>
        `<th scope="col"${value ? ' class="number"' : ''}><button type="button"${help ? ` title="${escapeHtml(help)}"` : ''}>${escapeHtml(title)}</button></th>`,
    )
    .join('');
  const body = rows.map(
    (row) => `<tr${attributes(row)}>${columns.map((column) => td(row, column)).join('')}</tr>`,
  );
  return `<table id="${id}"><thead><tr>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`;
};

const td = <Row>(row: Row, { title, cell, value, html }: Column<Row>): string => {
  const text = html ? cell(row) : escapeHtml(cell(row));
  if (value === undefined) return `<td data-label="${escapeHtml(title)}">${text}</td>`;
  return `<td data-label="${escapeHtml(title)}" class="number" data-value="${value(row) ?? ''}">${text}</td>`;
};
