import type { Clock } from 'guestpass';
import type { Events } from './events.ts';
import type { ConfigReload, Reload, ReloadCause } from './reload/config-reload.ts';
import { watchFiles } from './reload/watch-files.ts';
import { createReloadJournal, type ReloadJournalOptions } from './reload-journal.ts';
import type { GatewayConfig } from './settings/config.ts';
import type { GatewayLog } from './watch/log.ts';
import type { Metrics } from './watch/metrics/metrics.ts';

/** Where the configuration can be read again. */
export interface ConfigSource {
  /** Reads all of it by the rules of the start; throws `config_invalid` when it is not usable. */
  readonly read: (cause: ReloadCause) => GatewayConfig;
  /** Reads a file that it names, as text; throws the system's error. */
  readonly readFile: (path: string) => string;
}

export interface ReloadsOptions extends Pick<ReloadJournalOptions, 'attempts' | 'endpoints'> {
  readonly live: ConfigReload;
  /** Default none: nothing is watched, and there is nothing new to read. */
  readonly source: ConfigSource | undefined;
  readonly log: Pick<GatewayLog, 'configReloaded' | 'configRefused' | 'trouble'>;
  readonly metrics: Pick<Metrics, 'configReloaded'>;
  readonly events: Pick<Events<unknown>, 'dismiss'>;
  readonly clock: Clock;
}

/** Reads the configuration again when asked, and when one of its files has changed. */
export interface Reloads extends Disposable {
  reload(cause: ReloadCause): Reload;
}

export function openReloads(options: ReloadsOptions): Reloads {
  const { live, source, log, metrics, events, clock } = options;
  const onProblem = (error: unknown) => log.trouble('A change of secrets could not be put on record yet.', error);
  const journal = createReloadJournal({ ...options, onProblem });
  let wasRefused = false;
  let waiting = '';

  const tell = (reload: Reload) => {
    metrics.configReloaded({ outcome: reload.outcome, atMs: clock.now() });
    const isMended = wasRefused;
    wasRefused = reload.outcome === 'refused';
    if (reload.outcome === 'refused') return log.configRefused(reload);
    const isNews = isMended || reload.outcome === 'applied' || waiting !== reload.restart.join();
    waiting = reload.restart.join();
    // A file may be written again without a change; whoever asked gets an answer.
    if (isNews || reload.cause === 'signal') log.configReloaded(reload);
  };

  const reload = (cause: ReloadCause): Reload => {
    const { operator } = live.config;
    const ended = live.reload(cause);
    tell(ended);
    // Streams were opened with the tokens and roles of before.
    if (live.config.operator !== operator) events.dismiss();
    if (ended.outcome === 'applied') journal.add(ended, live.config);
    return ended;
  };

  const watching =
    source && watchFiles({ paths: () => live.files, readFile: source.readFile, clock, onChange: () => reload('file') });
  return {
    reload,
    [Symbol.dispose]() {
      watching?.[Symbol.dispose]();
      journal[Symbol.dispose]();
    },
  };
}
