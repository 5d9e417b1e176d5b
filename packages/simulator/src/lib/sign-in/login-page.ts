import type { IncomingMessage, ServerResponse } from 'node:http';
import { html } from 'hono/html';
import type Provider from 'oidc-provider';

const longestForm = 4096;
/** OpenID Connect Core 1.0 section 2: `sub` has at most 255 characters. */
const longestAccount = 255;

/**
 * The page a guest signs in on: a form with the field `account`, any name, no password. A `POST` of it signs in, agrees
 * to what the site asked for, and leads back to the provider.
 */
export async function answerLogin(provider: Provider, incoming: IncomingMessage, outgoing: ServerResponse) {
  const interaction = await provider.interactionDetails(incoming, outgoing).catch(() => undefined);
  if (!interaction)
    return showPage(outgoing, { status: 400, problem: 'This sign-in is over. Start again at the site.' });
  const { login_hint: hint, client_id: clientId, scope } = interaction.params;
  const account = typeof hint === 'string' ? hint : '';
  if (incoming.method === 'GET') return showPage(outgoing, { status: 200, account });
  if (incoming.method !== 'POST') return showPage(outgoing, { status: 405, account });
  const named = (await readForm(incoming))?.get('account')?.trim() ?? '';
  if (named === '' || named.length > longestAccount) {
    return showPage(outgoing, { status: 400, account, problem: `A name of 1 to ${longestAccount} characters.` });
  }
  const grant = new provider.Grant({ accountId: named, clientId: String(clientId) });
  grant.addOIDCScope(String(scope));
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(incoming, outgoing, { login: { accountId: named }, consent });
}

interface Page {
  readonly status: number;
  /** What stands in the field; no form without. */
  readonly account?: string;
  readonly problem?: string;
}

async function showPage(outgoing: ServerResponse, { status, account, problem }: Page): Promise<void> {
  const form = html`<form method="post">
<label>Account <input name="account" value="${account}" maxlength="${longestAccount}" required autofocus></label>
<button>Sign in</button>
</form>`;
  const page = await html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head><body>
<h1>Sign in</h1>
${problem === undefined ? '' : html`<p role="alert">${problem}</p>`}
${account === undefined ? '' : form}
</body></html>
`;
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    ...(status === 405 && { Allow: 'GET, POST' }),
  };
  outgoing.writeHead(status, headers).end(String(page));
}

async function readForm(incoming: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    length += bytes.byteLength;
    if (length > longestForm) return undefined;
    chunks.push(bytes);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
