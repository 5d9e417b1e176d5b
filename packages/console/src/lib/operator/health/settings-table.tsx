import { useSignal } from '@preact/signals';
import { countWords } from '../../words/numbers.ts';
import type { Setting } from '../data/views.ts';
import { Prose } from '../parts/prose.tsx';
import { Table } from '../parts/table.tsx';
import { Tag } from '../parts/tag.tsx';
import { wantedSettings } from './settings.ts';

/** Every setting in force and where it was set. Of a secret only where it is from. */
export function SettingsTable({ settings }: { readonly settings: readonly Setting[] }) {
  const text = useSignal('');
  const onlySet = useSignal(true);
  const shown = wantedSettings(settings, { text: text.value, onlySet: onlySet.value });
  return (
    <section aria-labelledby="settings">
      <h2 id="settings">Settings in force</h2>
      <search class="filters">
        <label>
          Find a setting
          <input
            type="search"
            value={text.value}
            placeholder="name, value, origin …"
            onInput={(event) => {
              text.value = event.currentTarget.value;
            }}
          />
        </label>
        <button
          type="button"
          aria-pressed={onlySet.value}
          onClick={() => {
            onlySet.value = !onlySet.value;
          }}
        >
          Only what is set
        </button>
        <p role="status" class="small quiet">
          {countWords(shown.length)} of {countWords(settings.length)}
        </p>
      </search>
      {shown.length === 0 ? (
        <p class="empty">
          No setting looks like this. <code>npx guestpass config show</code> prints those of the command line.
        </p>
      ) : (
        <Table caption="Settings" columns={['Setting', 'Value', 'Where it was set']}>
          {shown.map((setting) => (
            <tr key={setting.name}>
              <th scope="row" class="mono">
                {setting.name}
              </th>
              <td class="wide">
                <SettingValue setting={setting} />
              </td>
              <td>{setting.origin === null ? <span class="quiet">not set</span> : <code>{setting.origin}</code>}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

function SettingValue({ setting: { value, origin, secret, fallback } }: { readonly setting: Setting }) {
  if (secret && origin !== null) return <Tag tone="idle" word="secret, not shown" />;
  if (value !== null) return <span class="mono address">{value}</span>;
  return (
    <span class="quiet">
      <Prose text={fallback} />
    </span>
  );
}
