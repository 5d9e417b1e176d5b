import { type Signal, signal } from '@preact/signals';

const name = 'guestpass.keys';

/** Whether single keys do something: they get in the way of speech input (WCAG 2.2, 2.1.4). Kept in the browser. */
export function createKeysSwitch(storage: Pick<Storage, 'getItem' | 'setItem'>): Signal<boolean> {
  const isOn = signal(storage.getItem(name) !== 'off');
  isOn.subscribe((on) => storage.setItem(name, on ? 'on' : 'off'));
  return isOn;
}
