/** The part of a terminal's standard input that keys are read from. */
export interface Keyboard {
  /** Asks for each key as it is pressed, or for whole lines. */
  setRawMode(isRaw: boolean): unknown;
  on(event: 'data', hear: (pressed: Uint8Array | string) => void): unknown;
  off(event: 'data', hear: (pressed: Uint8Array | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

const ctrlC = '\u0003';
const ctrlZ = '\u001a';

/** What one key does. */
export interface Hotkey {
  /** One character. */
  readonly key: string;
  /** What it does, in a word or three. */
  readonly name: string;
  readonly press: () => unknown;
}

/** What the terminal would have done itself, were it not asked for keys. */
export interface Signals {
  /** Ctrl-C. */
  readonly interrupt: () => void;
  /** Ctrl-Z: stops this process, and resolves once it goes on. */
  readonly suspend: () => Promise<void>;
}

/**
 * Does what each key says as it is pressed, in upper and lower case; others do nothing. Ctrl-C and Ctrl-Z
 * are signals as ever. Disposing gives the terminal back as it was.
 */
export function readKeys(keyboard: Keyboard, hotkeys: readonly Hotkey[], { interrupt, suspend }: Signals): Disposable {
  let isOver = false;
  const rest = async () => {
    keyboard.setRawMode(false);
    await suspend();
    if (!isOver) keyboard.setRawMode(true);
  };
  const hear = (pressed: Uint8Array | string) => {
    // Several at once are somebody who is fast, or a paste; an arrow is neither.
    const text = typeof pressed === 'string' ? pressed : new TextDecoder().decode(pressed);
    if (text.startsWith('\u001b')) return;
    for (const character of text) {
      if (character === ctrlC) interrupt();
      else if (character === ctrlZ) void rest();
      else hotkeys.find(({ key }) => key === character.toLowerCase())?.press();
    }
  };
  keyboard.setRawMode(true);
  keyboard.on('data', hear);
  keyboard.resume();
  return {
    [Symbol.dispose]() {
      isOver = true;
      keyboard.off('data', hear);
      keyboard.pause();
      keyboard.setRawMode(false);
    },
  };
}

/** The keys and what they do, in one line. */
export function keyLine(hotkeys: readonly Hotkey[]): string {
  return hotkeys.map(({ key, name }) => `${key} ${name}`).join(' · ');
}
