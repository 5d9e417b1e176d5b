import { type ConfigSource, crashDrain, type Service, startService, tellCrash } from '@guestpass/gateway';
import type { GatewayConfig } from '@guestpass/gateway/config';
import { isGuestpassError } from 'guestpass';
import { type ConfigFlags, gatewayConfigSource } from './settings/load-config.ts';
import { tellCautions } from './settings/tell-cautions.ts';
import { exitCodes } from './terminal/exit-codes.ts';
import { codeOf, misuse } from './terminal/misuse.ts';
import { type OutputFlags, say } from './terminal/output.ts';
import type { Surroundings } from './terminal/surroundings.ts';
import { tellMalfunction } from './terminal/tell-malfunction.ts';
import { columns } from './terminal/text.ts';
import { version } from './terminal/version.ts';

export type ServeFlags = OutputFlags & ConfigFlags;

/** Runs the gateway until it is asked to end; log lines go to standard output. Resolves with the exit code. */
export async function runGateway(surroundings: Surroundings, flags: ServeFlags): Promise<number> {
  try {
    const source = gatewayConfigSource(surroundings, flags);
    tellCautions(source.first.cautions, surroundings, flags);
    return await serve(surroundings, flags, source);
  } catch (error) {
    // Supervisors know 78 (EX_CONFIG of sysexits.h) as a fault that another try does not mend.
    if (!isGuestpassError(error) || error.code !== 'config_invalid') throw error;
    tellMalfunction(error, surroundings, flags);
    return exitCodes.config.code;
  }
}

type Source = ReturnType<typeof gatewayConfigSource>;

async function serve(surroundings: Surroundings, flags: ServeFlags, source: Source): Promise<number> {
  const { terminal, signal, clock, endOnCrash, onReload } = surroundings;
  const ended = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const starting = start(surroundings, source.first, source);
  let running: Service | undefined;
  let isReloadDue = false;
  using _crash = endOnCrash?.(async (error) => {
    tellCrash(running?.config ?? source.first, { write: terminal.out, ...(clock && { clock }) }, error);
    if (flags.debug && error instanceof Error) terminal.err(`${error.stack ?? ''}\n`);
    await (await starting).stop(crashDrain);
  });
  using _reload = onReload?.(() => {
    if (running) running.reload();
    else isReloadDue = true;
  });
  const service = await starting;
  running = service;
  if (isReloadDue) service.reload();
  say(terminal, flags, welcome(service));
  await ended;
  say(terminal, flags, 'Ending: guests under way are let in, then everything is closed.\n');
  await service.stop();
  return exitCodes.done.code;
}

async function start({ terminal, clock }: Surroundings, config: GatewayConfig, source: ConfigSource): Promise<Service> {
  try {
    return await startService(config, { version: version(), write: terminal.out, source, ...(clock && { clock }) });
  } catch (error) {
    const code = codeOf(error);
    if (code !== ' (EADDRINUSE)' && code !== ' (EACCES)' && code !== ' (EADDRNOTAVAIL)') throw error;
    const ports = `${config.listen.port} or ${config.operator.port}`;
    throw misuse(
      'GUESTPASS_PORT',
      `or GUESTPASS_OPERATOR_PORT cannot be listened on: ${ports}${code}`,
      'Choose others.',
    );
  }
}

function welcome({ gateway, operatorUrl, freshToken }: Service): string {
  return `${columns([
    ['guests', `${gateway.url}/v1/guests`],
    ['guest page', `${gateway.url}/guest`],
    ['console', `${operatorUrl}/console${freshToken === undefined ? '' : `#token=${freshToken}`}`],
    ['operators', `${operatorUrl}/docs`],
    ['database', gateway.storage.place],
    ...(freshToken === undefined
      ? []
      : [['operator token', `${freshToken} (for this start; set GUESTPASS_OPERATOR_TOKEN)`] as const]),
  ])}
Ctrl-C ends it.
`;
}
