import type { Clock } from 'guestpass';
import { ensureEndpoint } from './configured-endpoint.ts';
import type { Reload } from './reload/config-reload.ts';
import type { GatewayConfig } from './settings/config.ts';
import { gatewaySettings } from './settings/settings.ts';
import type { AttemptStore } from './store/attempts.ts';
import type { EndpointStore } from './store/endpoints.ts';

const webhookSecret = gatewaySettings.webhookSecret.name;
const eventType = 'WEBMESSAGING_SECRETS_CHANGED';
const againMs = 5_000;

export interface ReloadJournalOptions {
  readonly attempts: Pick<AttemptStore, 'recordEvent'>;
  readonly endpoints: Pick<EndpointStore, 'ensure'>;
  readonly clock: Clock;
  /** Told once each time the database cannot be written; it is tried again. */
  readonly onProblem: (error: unknown) => void;
}

/** Brings into the database what a reload changed. */
export interface ReloadJournal extends Disposable {
  /** Puts the names of the secrets that changed on record, and the receiver of the configuration gets its new secret. */
  add(reload: Extract<Reload, { readonly changed: readonly string[] }>, config: GatewayConfig): void;
}

/**
 * Secrets are in force before they are on record: the password of the database may be one of them. What cannot be written
 * is tried every five seconds, the oldest first, for as long as the gateway runs.
 */
export function createReloadJournal(options: ReloadJournalOptions): ReloadJournal {
  const { attempts, endpoints, clock, onProblem } = options;
  const waiting: (() => Promise<void>)[] = [];
  let working = false;
  let ended = false;
  let cancel = () => {};

  const work = async (isAgain: boolean) => {
    working = true;
    try {
      for (let next = waiting[0]; next && !ended; next = waiting[0]) {
        await next();
        waiting.shift();
      }
      working = false;
    } catch (error) {
      if (ended) return;
      if (!isAgain) onProblem(error);
      cancel = clock.after(againMs, () => void work(true));
    }
  };

  return {
    add({ cause, changed }, config) {
      const nowMs = clock.now();
      const timestamp = new Date(nowMs).toISOString();
      waiting.push(async () => {
        if (changed.includes(webhookSecret)) await ensureEndpoint(endpoints, config, nowMs);
        await attempts.recordEvent({ eventType, cause, changed, timestamp }, nowMs);
      });
      if (!working) void work(false);
    },
    [Symbol.dispose]() {
      ended = true;
      cancel();
    },
  };
}
