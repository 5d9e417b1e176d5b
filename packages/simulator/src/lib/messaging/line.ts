import type { ScriptedAnswer } from '../faults/wire.ts';

/** One open socket, whoever carries it. */
export interface Line {
  send(text: string): void;
  /** Ends with a closing handshake. */
  close(): void;
  /** Breaks the connection without one, after what was sent. */
  drop(): void;
  /** Names who is told: each text frame (`undefined` for a binary one), and once that the line is gone. */
  listen(listener: LineListener): void;
}

export interface LineListener {
  received(text: string | undefined): void;
  closed(): void;
}

/** An upgrade that was asked for and not answered yet. Exactly one of these is called. */
export interface Handshake {
  /** Opens the line. `opened` is not called when the request is no WebSocket handshake; the caller was told then. */
  accept(opened: (line: Line) => void): void;
  /** Answers over HTTP instead. */
  refuse(answer: ScriptedAnswer): void;
  reset(): void;
}
