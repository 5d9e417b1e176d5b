import { sendEcho } from '../messaging/actions.ts';
import type { ChannelOptions, Effect } from './channel-io.ts';

export interface HealthOptions extends Pick<ChannelOptions, 'token' | 'healthCheckMs' | 'answerTimeoutMs'> {
  readonly emit: (effect: Effect) => void;
  readonly ask: (text: string) => void;
  /** How long a request has to wait for its turn, in milliseconds. */
  readonly waitMs: () => number;
}

/** Asks for a sign of life when the connection was silent for a while; anything the server sends is one. */
export class Health {
  readonly #options: HealthOptions;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  heard(): void {
    const { emit, healthCheckMs } = this.#options;
    emit({ type: 'cancel', timer: 'pong' });
    emit({ type: 'timer', timer: 'health', delayMs: healthCheckMs });
  }

  /** The silence has lasted. Unless something is heard now, the connection is dead; while we may not ask, nobody knows. */
  check(): void {
    const { token, healthCheckMs, answerTimeoutMs, emit, ask, waitMs } = this.#options;
    if (waitMs() > 0) {
      emit({ type: 'timer', timer: 'health', delayMs: healthCheckMs });
    } else {
      ask(sendEcho(token));
      emit({ type: 'timer', timer: 'pong', delayMs: answerTimeoutMs });
    }
  }
}
