import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import type { AskedEnv } from '../asked.ts';
import { createBoundedMap } from '../bounded-map.ts';
import type { SimulatorClock } from '../clock.ts';
import { parseGuestEvent } from './guest-event.ts';
import { createIdentities } from './identities.ts';
import { createVerify, type Verification } from './verify.ts';

/** One webhook that arrived. What was not verified is not repeated. */
export interface ReceivedWebhook {
  /** ISO 8601, UTC, by the simulator's clock. */
  readonly at: string;
  readonly webhookId: string | null;
  /** What was answered. */
  readonly status: number;
  readonly verified: boolean;
  /** Why it was refused. */
  readonly problem: string | null;
  readonly type: string | null;
  readonly guestId: string | null;
  readonly attemptId: string | null;
  /** Whether the id came before, and then with the same bytes or with others. */
  readonly repeat: 'same' | 'changed' | null;
  /** SHA-256 of the body, lower-case hex. */
  readonly bodyHash: string;
}

export interface IdentityProviderOptions {
  readonly clock: SimulatorClock;
  /** Standard Webhooks secret. */
  readonly webhookSecret: string;
}

/** The identity provider under `/_idp`: takes webhooks in and tells what it made of them. */
export interface IdentityProvider {
  readonly app: Hono<AskedEnv>;
  /** Webhooks verified for the first time. */
  readonly accepted: number;
}

const idsRemembered = 10_000;
const webhooksRemembered = 1000;

export function createIdentityProvider({ clock, webhookSecret }: IdentityProviderOptions): IdentityProvider {
  const identities = createIdentities();
  const bodies = createBoundedMap<string>(idsRemembered);
  const received: ReceivedWebhook[] = [];
  let verify = createVerify(webhookSecret);
  let accepted = 0;

  const receive = (body: Uint8Array, headers: Readonly<Record<string, string>>): Receipt => {
    const verification = verify(body, headers);
    const bodyHash = createHash('sha256').update(body).digest('hex');
    const webhookId = headers['webhook-id'] ?? null;
    const before = webhookId === null ? undefined : bodies.get(webhookId);
    const repeat = before === undefined ? null : before === bodyHash ? 'same' : 'changed';
    const receipt = { ...judge(verification), bodyHash, webhookId: webhookId?.slice(0, 128) ?? null, repeat } as const;
    if (!receipt.event || webhookId === null || repeat) return receipt;
    accepted += 1;
    bodies.set(webhookId, bodyHash);
    identities.align(receipt.event);
    return receipt;
  };

  const app = new Hono<AskedEnv>();
  app.post('/_idp/webhooks', (c) => {
    const { event, ...told } = receive(c.env.body, c.req.header());
    const { guestId = null, attemptId = null } = event?.data ?? {};
    received.push({ at: new Date(clock.now()).toISOString(), ...told, type: event?.type ?? null, guestId, attemptId });
    if (received.length > webhooksRemembered) received.shift();
    if (told.problem === null) return new Response(null, { status: told.status });
    return Response.json({ error: told.problem }, { status: told.status });
  });
  app.put('/_idp/secret', (c) => {
    const secret = readSecret(c);
    if (!secret)
      return Response.json({ error: 'Send {"secret": "whsec_…"}, base64 after the prefix.' }, { status: 400 });
    verify = secret.verify;
    return new Response(null, { status: 204 });
  });
  app.get('/_idp/identities', () => Response.json({ identities: identities.list() }));
  app.get('/_idp/deliveries', () => Response.json({ deliveries: received }));
  for (const [path, allow] of methods) {
    app.all(path, () => Response.json({ error: 'Method not allowed.' }, { status: 405, headers: { Allow: allow } }));
  }
  return {
    app,
    get accepted() {
      return accepted;
    },
  };
}

const methods = [
  ['/_idp/webhooks', 'POST'],
  ['/_idp/secret', 'PUT'],
  ['/_idp/identities', 'GET, HEAD'],
  ['/_idp/deliveries', 'GET, HEAD'],
] as const;

interface Judgement extends Pick<ReceivedWebhook, 'status' | 'verified' | 'problem'> {
  readonly event?: ReturnType<typeof parseGuestEvent>;
}

type Receipt = Judgement & Pick<ReceivedWebhook, 'bodyHash' | 'webhookId' | 'repeat'>;

function judge(verification: Verification): Judgement {
  if (!verification.ok) return { status: 401, verified: false, problem: verification.problem };
  const event = parseGuestEvent(verification.value);
  if (!event) return { status: 400, verified: true, problem: 'Not an event about a guest' };
  return { status: 204, verified: true, problem: null, event };
}

function readSecret(c: Context<AskedEnv>): { readonly verify: ReturnType<typeof createVerify> } | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(c.env.body));
    if (typeof value !== 'object' || value === null || !('secret' in value)) return undefined;
    return typeof value.secret === 'string' ? { verify: createVerify(value.secret) } : undefined;
  } catch {
    return undefined;
  }
}
