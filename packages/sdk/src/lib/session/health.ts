import { sendEcho } from '../messaging/actions.ts';
import type { ChannelOptions, Effect } from './channel-io.ts';

export interface HealthOptions extends Pick<ChannelOptions, 'token' | 'healthCheckMs' | 'answerTimeoutMs'> {
  readonly emit: (effect: Effect) => void;
  readonly ask: (text: string) => void;
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

  /** The silence has lasted. Unless something is heard now, the connection is dead. */
  check(): void {
    const { token, healthCheckMs, answerTimeoutMs, emit, ask } = this.#options;
    ask(sendEcho(token));
    emit({ type: 'timer', timer: 'pong', delayMs: answerTimeoutMs });
    emit({ type: 'timer', timer: 'health', delayMs: healthCheckMs });
  }
}
