import { countWords } from '../../words/numbers.ts';
import type { CodeSummary } from '../data/samples.ts';
import { Instant } from '../parts/instant.tsx';
import { Prose } from '../parts/prose.tsx';
import { Table } from '../parts/table.tsx';
import { OutcomeTag } from '../parts/tag.tsx';
import { useErrorCodes } from '../parts/use-error-codes.ts';
import { addressOf, type Navigation } from '../place.ts';

export interface CodeTableProps {
  readonly codes: readonly CodeSummary[];
  readonly navigation: Navigation;
}

/** What kept guests out, most frequent first, with the one thing to do about it. */
export function CodeTable({ codes, navigation }: CodeTableProps) {
  const known = useErrorCodes();
  return (
    <section aria-labelledby="codes">
      <h2 id="codes">What keeps guests out</h2>
      {codes.length === 0 ? (
        <p class="empty">Nothing, in this window.</p>
      ) : (
        <Table caption="Error codes" columns={['Code', 'Outcome', 'Count', 'First', 'Last', 'Meaning and remedy']}>
          {codes.map(({ code, outcome, count, firstMs, lastMs }) => (
            <tr key={code}>
              <th scope="row">
                <a
                  href={addressOf({ view: 'attempts', params: { code } })}
                  onClick={(event) => {
                    event.preventDefault();
                    navigation.go('attempts', { code });
                  }}
                >
                  <code>{code}</code>
                </a>
              </th>
              <td>
                <OutcomeTag outcome={outcome} />
              </td>
              <td class="number">{countWords(count)}</td>
              <td>
                <Instant at={firstMs} />
              </td>
              <td>
                <Instant at={lastMs} />
              </td>
              <td class="wide">
                <Prose text={known.get(code)?.meaning ?? ''} />{' '}
                <span class="quiet">
                  <Prose text={known.get(code)?.remedy ?? ''} />
                </span>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
