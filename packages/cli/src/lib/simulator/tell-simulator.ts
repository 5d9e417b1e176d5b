import { endpointsAt, type Listening, type SimulatorEndpoints } from '@guestpass/simulator';
import { type OutputFlags, paintFor } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { columns, printable } from '../terminal/text.ts';
import type { ChosenOptions } from './simulator-options.ts';

/** What a program or a person has to know to use a simulator that runs. */
export interface SimulatorFacts {
  readonly url: string;
  readonly port: number;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly seed: string;
  readonly channels: ChosenOptions['channels'];
  readonly endpoints: SimulatorEndpoints;
  /** Origins whose pages may open sockets; absent when all may. */
  readonly allowedOrigins?: readonly string[];
  /** How guests sign in, where some may. */
  readonly signIn?: { readonly channels: readonly string[]; readonly clientId: string; readonly clientSecret: string };
  /** The file with the certificate to trust, where the port speaks TLS. */
  readonly ca?: string;
}

export function simulatorFacts(
  { url, port, ca }: Listening,
  { options, seed }: { readonly options: ChosenOptions; readonly seed: string },
): SimulatorFacts {
  const { channels, deployments } = options;
  const offering = Object.keys(deployments).filter((id) => deployments[id]?.auth);
  const [allowedOrigins] = Object.values(deployments).map((deployment) => deployment.allowedOrigins);
  return {
    url,
    port,
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    seed,
    channels,
    endpoints: endpointsAt(url),
    ...(allowedOrigins && { allowedOrigins }),
    ...(offering.length > 0 && {
      signIn: { channels: offering, clientId: 'sim-site', clientSecret: 'sim-site-secret' },
    }),
    ...(ca?.path !== undefined && { ca: ca.path }),
  };
}

/** The same for people: what it is, where everything is, and what to try. */
export function simulatorWelcome(facts: SimulatorFacts, surroundings: Surroundings, flags: OutputFlags): string {
  const { url, seed, channels, allowedOrigins, signIn, ca } = facts;
  const paint = paintFor('out', surroundings, flags);
  const known = Object.entries(channels).map(([id, status]) => (status === 'disabled' ? `${id} (disabled)` : id));
  const rows: [string, string][] = [
    ['client id', facts.clientId],
    ['client secret', facts.clientSecret],
    ['channels', known.join(', ')],
  ];
  if (allowedOrigins) rows.push(['origins', allowedOrigins.join(', ')]);
  if (signIn) {
    rows.push(['signing in', `${signIn.channels.join(', ')}; as ${signIn.clientId} with ${signIn.clientSecret}`]);
  }
  if (ca !== undefined) rows.push(['CA to trust', ca]);
  rows.push(['seed', seed]);
  return `${paint.bold('Simulated Genesys Cloud')}  ${paint.cyan(url)}
${columns(rows.map(([label, value]) => [label, printable(value)]))}
${columns(addresses(facts))}
Try  ${tries(facts).join('\n     ')}

Ctrl-C ends it.
`;
}

function addresses({ endpoints }: SimulatorFacts): [label: string, address: string][] {
  const { socket, configuration } = endpoints;
  return [
    ['OAuth token', endpoints.token],
    ['guests', endpoints.guests],
    ['socket', socket.replace('{deploymentId}', 'demo')],
    ['config.json', configuration.replace('{deploymentId}', 'demo')],
    ['history', endpoints.history],
    ['JWT exchange', endpoints.exchange],
    ['JWT refresh', endpoints.refresh],
    ['JWT revoke', endpoints.revoke],
    ['OpenID provider', endpoints.openIdProvider],
    ['captcha', endpoints.captcha.replace('{provider}', '{recaptcha,hcaptcha,turnstile}')],
    ['webhooks', endpoints.identityProvider],
    ['control', `${endpoints.control}/{health,stats,requests,faults,sessions}`],
  ];
}

function tries({ url, endpoints, ca }: SimulatorFacts): readonly string[] {
  const elsewhere = url === 'http://127.0.0.1:4010' ? '' : ` --environment ${url}`;
  const trusting = ca === undefined ? '' : `NODE_EXTRA_CA_CERTS=${quoted(ca)} `;
  const cacert = ca === undefined ? '' : ` --cacert ${quoted(ca)}`;
  return [
    `${trusting}guestpass authenticate --target simulator${elsewhere} --channel demo --consent`,
    `curl -s${cacert} -u sim-client:sim-secret -d grant_type=client_credentials ${endpoints.token}`,
  ];
}

/** As a shell reads it back. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
