import { type ConfiguredOptions, messagingUrlOf } from 'guestpass';
import { type HttpResponse, readJson, withDeadline } from 'guestpass/http';
import { type Transport, TransportError, wsTransport } from 'guestpass/session';
import { type Check, type Finding, ok, problem, skipped, warning } from './check.ts';
import { clockCheck, type PlatformMeans } from './platform.ts';

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
        return tellDeployment(await exchange({ method: 'GET', url, headers: {}, signal, deadlineAt }), options);
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

function tellDeployment(answer: HttpResponse, { issuer }: ConfiguredOptions): Finding {
  if (answer.status !== 200) {
    return problem(`There is no configuration (${answer.status}).`, 'Check the deployment id and the region.');
  }
  const { status, auth } = fieldsIn(readOrNothing(answer));
  if (status !== 'Active') {
    const said = status === undefined ? 'tells no status' : 'does not say Active';
    return problem(`config.json ${said}.`, 'Activate the deployment in the admin pages of Genesys Cloud.');
  }
  if (issuer === 'authenticated-web-messaging' && fieldsIn(auth).enabled !== true) {
    return problem('config.json says that guests cannot sign in.', 'Let the deployment use your OpenID provider.');
  }
  return ok(
    issuer === 'authenticated-web-messaging' ? 'config.json says Active, with sign-in' : 'config.json says Active',
  );
}

function readOrNothing(answer: HttpResponse): unknown {
  try {
    return readJson(answer);
  } catch {
    return undefined;
  }
}

function fieldsIn(value: unknown): Readonly<Record<string, unknown>> {
  // A cast, because an object has such keys, whatever they are.
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** Allowed domains stand in no public document: a socket that opens with our origin shows that it is allowed. */
async function lookAtOrigin(
  options: ConfiguredOptions,
  deploymentId: string,
  { transport = wsTransport(), signal }: PlatformMeans & { readonly transport?: Transport },
): Promise<Finding> {
  const base = messagingUrlOf(options.environment);
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
