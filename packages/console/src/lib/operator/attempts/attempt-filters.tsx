import { useErrorCodes } from '../parts/use-error-codes.ts';
import type { Navigation } from '../place.ts';

const outcomes = ['admitted', 'refused', 'failed', 'unknown', 'intent'];

/** What is shown, as it stands in the address. */
export function AttemptFilters({ navigation }: { readonly navigation: Navigation }) {
  const { outcome = '', code = '', channel = '', text = '' } = navigation.place.value.params;
  const codes = [...useErrorCodes().keys()];
  const isFiltered = [outcome, code, channel, text].some((one) => one !== '');
  return (
    <search class="filters">
      <label>
        Outcome
        <select value={outcome} onChange={(event) => navigation.change({ outcome: event.currentTarget.value })}>
          <option value="">any</option>
          {outcomes.map((one) => (
            <option key={one} value={one}>
              {one === 'intent' ? 'under way' : one}
            </option>
          ))}
        </select>
      </label>
      <label>
        Code
        <select value={code} onChange={(event) => navigation.change({ code: event.currentTarget.value })}>
          <option value="">any</option>
          {(codes.includes(code) || code === '' ? codes : [code, ...codes]).map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <label>
        Channel
        <input
          type="search"
          value={channel}
          placeholder="whole id"
          onChange={(event) => navigation.change({ channel: event.currentTarget.value.trim() })}
        />
      </label>
      <label>
        Text
        <input
          type="search"
          value={text}
          placeholder="id, guest, correlation id …"
          onInput={(event) => navigation.change({ text: event.currentTarget.value })}
        />
      </label>
      {isFiltered && (
        <button
          type="button"
          class="plain"
          onClick={() => navigation.change({ outcome: null, code: null, channel: null, text: null })}
        >
          Show all
        </button>
      )}
    </search>
  );
}
