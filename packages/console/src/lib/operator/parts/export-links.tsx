import { withQuery } from '../data/query.ts';

export interface ExportLinksProps {
  /** Of the export. */
  readonly path: string;
  /** The filter in force, as the export takes it. */
  readonly query: Readonly<Record<string, string | undefined>>;
  /** What the export does not heed. Default nothing. */
  readonly note?: string | undefined;
}

/** Takes a list along as a file, as far as its filter goes. */
export function ExportLinks({ path, query, note }: ExportLinksProps) {
  return (
    <>
      <a class="button" href={withQuery(path, { ...query, format: 'csv' })} download>
        Export CSV
      </a>
      <a class="button" href={withQuery(path, { ...query, format: 'jsonl' })} download>
        Export JSON lines
      </a>
      {note !== undefined && <span class="small quiet">{note}</span>}
    </>
  );
}
