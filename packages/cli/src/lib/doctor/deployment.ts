import type { ConfiguredOptions } from 'guestpass';
import { type HttpResponse, readJson, withDeadline } from 'guestpass/http';
import { type Transport, TransportError, wsTransport } from 'guestpass/session';
import { type Check, type Finding, ok, problem, skipped, warning } from './check.ts';
import { clockCheck, type PlatformMeans } from './platform.ts';
import { messagingUrl } from './settings-check.ts';

const limitMs = 5_000;

/** The checks of an issuer that opens sockets: clock, deployment, allowed origin. */
export function messagingChecks(
  options: ConfiguredOptions,
  deploymentId: string | undefined,
  means: PlatformMeans & { readonly transport?: Transport },
): readonly Check[] {
  const exchange = withDeadline(means.exchange, means);
  const { apiUrl } = options.environment;
  const clock = clockCheck(apiUrl, { ...means, exchange });
  if (deploymentId === undefined) {
    const look = async () => skipped('set GUESTPASS_CHANNEL_ID or give --channel to have a deployment looked at');
    return [clock, { name: 'deployment', look }, { name: 'origin', look }];
  }
  return [
    clock,
    {
      name: 'deployment',
      look: async (signal) => {
        const url = `${cdnUrl(options)}/webdeployments/v1/deployments/${encodeURIComponent(deploymentId)}/config.json`;
        const deadlineAt = means.clock.monotonic() + limitMs;
        return tellDeployment(await exchange({ method: 'GET', url, headers: {}, signal, deadlineAt }));
      },
    },
    { name: 'origin', look: (signal) => lookAtOrigin(options, deploymentId, { ...means, signal }) },
  ];
}

/** Genesys Cloud publishes deployments at a host of their own. */
function cdnUrl({ environment }: ConfiguredOptions): string {
  const { kind, domain, apiUrl } = environment;
  return kind === 'genesys' && domain !== undefined ? `https://api-cdn.${domain}` : apiUrl;
}

function tellDeployment(answer: HttpResponse): Finding {
  if (answer.status !== 200) {
    return problem(`There is no configuration (${answer.status}).`, 'Check the deployment id and the region.');
  }
  const status = statusIn(answer);
  if (status === 'Active') return ok('config.json says Active');
  return problem(
    status === undefined ? 'config.json tells no status.' : `config.json does not say Active.`,
    'Activate the deployment in the admin pages of Genesys Cloud.',
  );
}

function statusIn(answer: HttpResponse): unknown {
  try {
    const body: unknown = readJson(answer);
    return typeof body === 'object' && body !== null && 'status' in body ? body.status : undefined;
  } catch {
    return undefined;
  }
}

/** Allowed domains stand in no public document: a socket that opens with our origin shows that it is allowed. */
async function lookAtOrigin(
  options: ConfiguredOptions,
  deploymentId: string,
  { transport = wsTransport(), signal }: PlatformMeans & { readonly transport?: Transport },
): Promise<Finding> {
  const base = messagingUrl(options.environment);
  const origin = options.origin ?? new URL(base).origin.replace(/^ws/, 'http');
  try {
    const url = `${base}?deploymentId=${encodeURIComponent(deploymentId)}`;
    const connection = await transport(url, { headers: { origin }, signal });
    connection.close();
    await connection.closed;
    return ok(`a socket opens for ${origin}; it was closed before a session began`);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    const { failure, status } = error;
    if (status === 403) {
      return problem(
        `The deployment does not let ${origin} in (403).`,
        'Add it to the allowed domains, or set GUESTPASS_ORIGIN.',
      );
    }
    return warning(`No socket opened (${status ?? failure}).`, 'Check that WebSockets may leave this network.');
  }
}
