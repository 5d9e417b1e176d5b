import { spanWords } from '../../words/numbers.ts';
import type { Attempt } from '../data/views.ts';
import { IdLink } from '../parts/id-link.tsx';
import { Instant } from '../parts/instant.tsx';
import { Table } from '../parts/table.tsx';
import { OutcomeTag } from '../parts/tag.tsx';

export interface AttemptTableProps {
  readonly rows: readonly Attempt[];
  readonly loading: boolean;
  /** Whether some attempts are left out. */
  readonly isFiltered: boolean;
  readonly onOpen: (id: string) => void;
}

const columns = ['Time', 'Attempt', 'Outcome', 'Code', 'Channel', 'Guest', 'Took', 'Retries'];

/** Attempts, newest first. */
export function AttemptTable({ rows, loading, isFiltered, onOpen }: AttemptTableProps) {
  if (rows.length === 0) {
    return loading ? (
      <p role="status">Reading …</p>
    ) : (
      <p class="empty">
        {isFiltered ? (
          'No attempt looks like this.'
        ) : (
          <>
            No attempts yet. The page <code>/guest</code> of the public listener lets a guest in, and{' '}
            <code>npx guestpass load --gateway http://127.0.0.1:4000 --channel demo --consent</code> many.
          </>
        )}
      </p>
    );
  }
  return (
    <Table caption="Attempts" columns={columns}>
      {rows.map((row) => (
        <AttemptRow key={row.id} row={row} onOpen={onOpen} />
      ))}
    </Table>
  );
}

function AttemptRow({ row, onOpen }: { readonly row: Attempt; readonly onOpen: (id: string) => void }) {
  const { id, startedAt, outcome, code, channelId, guestId, durationMs, retries } = row;
  return (
    <tr>
      <td>
        <Instant at={startedAt} />
      </td>
      <td>
        <IdLink id={id} onOpen={() => onOpen(id)} />
      </td>
      <td>
        <OutcomeTag outcome={outcome} />
      </td>
      <td>{code !== null && <code>{code}</code>}</td>
      <td>{channelId}</td>
      <td class="mono">{guestId === null ? '' : `${guestId.slice(0, 8)}…`}</td>
      <td class="number nowrap">{durationMs === null ? '' : spanWords(durationMs)}</td>
      <td class="number">{retries === null || retries === 0 ? '' : retries}</td>
    </tr>
  );
}
