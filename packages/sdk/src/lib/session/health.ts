import { sendEcho } from '../messaging/actions.ts';
import type { ChannelOptions, Effect } from './channel-io.ts';

export interface HealthOptions extends Pick<ChannelOptions, 'token' | 'healthCheckMs' | 'answerTimeoutMs'> {
  readonly emit: (effect: Effect) => void;
  readonly ask: (text: string) => void;
}

/** Asks for a sign of life when the connection was silent for a while; anything the server sends is one. */
export class Health {
  readonly #options: HealthOptions;
  #silent = false;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  start(): void {
    this.heard();
    this.#options.emit({ type: 'timer', timer: 'health', delayMs: this.#options.healthCheckMs });
  }

  heard(): void {
    this.#silent = false;
    this.#options.emit({ type: 'cancel', timer: 'pong' });
  }

  check(): void {
    const { token, healthCheckMs, answerTimeoutMs, emit, ask } = this.#options;
    if (this.#silent) {
      ask(sendEcho(token));
      emit({ type: 'timer', timer: 'pong', delayMs: answerTimeoutMs });
    }
    this.#silent = true;
    emit({ type: 'timer', timer: 'health', delayMs: healthCheckMs });
  }
}
