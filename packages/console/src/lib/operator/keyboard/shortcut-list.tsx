import type { Signal } from '@preact/signals';
import { Drawer } from '../parts/drawer.tsx';
import { nativeKeys, type Shortcut, shortcuts } from './shortcuts.ts';

export interface ShortcutListProps {
  readonly isOn: Signal<boolean>;
  readonly onClose: () => void;
}

/** Every key, and the switch for them. */
export function ShortcutList({ isOn, onClose }: ShortcutListProps) {
  return (
    <Drawer title="Keys" kind="dialog" onClose={onClose}>
      <dl class="keys">
        {[...shortcuts, ...nativeKeys].map((one) => (
          <ShortcutRow key={one.words} shortcut={one} />
        ))}
      </dl>
      <label class="inline">
        <input
          type="checkbox"
          checked={isOn.value}
          onChange={(event) => {
            isOn.value = event.currentTarget.checked;
          }}
        />
        Use these keys
      </label>
      <p class="small quiet">They do nothing while you type. The choice is kept in this browser.</p>
    </Drawer>
  );
}

function ShortcutRow({ shortcut: { keys, words } }: { readonly shortcut: Omit<Shortcut, 'wish'> }) {
  return (
    <div>
      <dt>
        {keys.map((key, index) => (
          <span key={key}>
            {index > 0 && ' then '}
            <kbd>{key}</kbd>
          </span>
        ))}
      </dt>
      <dd>{words}</dd>
    </div>
  );
}
