import type { Clock } from 'guestpass';
import type { Network } from '../network.ts';
import { codeOf } from '../terminal/misuse.ts';
import { type Check, type Finding, ok, problem, warning } from './check.ts';

/** The host of a URL, ready to be looked up, and its port. */
interface Place {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/** Do the names of the hosts have addresses? */
export function dnsCheck(urls: readonly string[], { resolve }: Network): Check {
  return {
    name: 'dns',
    look: async () => await worst(placesOf(urls).map(({ host }) => lookUp(host, resolve))),
  };
}

async function lookUp(host: string, resolve: Network['resolve']): Promise<Finding> {
  try {
    return ok(`${host} is at ${(await resolve(host)).join(', ')}`);
  } catch (error) {
    return problem(`${host} has no address${codeOf(error)}.`, 'Check the environment for a slip, and the name server.');
  }
}

/** Can the hosts be spoken to safely? */
export function tlsCheck(urls: readonly string[], network: Network, clock: Clock): Check {
  return {
    name: 'tls',
    look: async (signal) =>
      await worst(placesOf(urls).map((place) => shakeHands(place, { network, nowMs: clock.now(), signal }))),
  };
}

const day = 86_400_000;
const soonDays = 14;

async function shakeHands(
  { host, port, isSecure }: Place,
  { network, nowMs, signal }: { readonly network: Network; readonly nowMs: number; readonly signal: AbortSignal },
): Promise<Finding> {
  if (!isSecure) return ok(`${host}:${port} is this machine, and spoken to without TLS`);
  let handshake: Awaited<ReturnType<Network['shakeHands']>>;
  try {
    handshake = await network.shakeHands(host, port, signal);
  } catch (error) {
    return problem(`${host}:${port} does not shake hands${codeOf(error)}.`, 'Check host and port, and the firewall.');
  }
  const { protocol, distrust, endsAtMs } = handshake;
  if (distrust !== null) {
    return problem(
      `The certificate of ${host}:${port} is not trusted (${distrust}).`,
      'If a proxy of yours shows its own certificate, name its authority in NODE_EXTRA_CA_CERTS.',
    );
  }
  const days = Math.floor((endsAtMs - nowMs) / day);
  if (days < soonDays) return warning(`The certificate of ${host}:${port} ends in ${days} days.`, 'Have it renewed.');
  return ok(`${host}:${port} speaks ${protocol}, certificate good for ${days} days`);
}

function placesOf(urls: readonly string[]): readonly Place[] {
  const places = urls.map((text) => {
    const { hostname, port, protocol } = new URL(text);
    const isSecure = protocol === 'https:' || protocol === 'wss:';
    return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (isSecure ? 443 : 80), isSecure };
  });
  return [...new Map(places.map((place) => [`${place.host}:${place.port}`, place])).values()];
}

const gravity = { skipped: 0, ok: 1, warning: 2, problem: 3 } as const;

/** One finding for several hosts: the first of the gravest, or all that is well. */
async function worst(looking: readonly Promise<Finding>[]): Promise<Finding> {
  const findings = await Promise.all(looking);
  const gravest = findings.toSorted((a, b) => gravity[b.status] - gravity[a.status])[0];
  if (gravest && gravest.status !== 'ok') return gravest;
  return ok(findings.map(({ message }) => message).join('; '));
}
