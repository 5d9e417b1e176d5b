import type { GuestpassConfig } from 'guestpass';
import { type OutputFlags, type Paint, paintFor } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { columns, jsonDocument, printable } from '../terminal/text.ts';
import type { ShownRequest } from './rehearsal.ts';

/** Tells what would be sent. */
export function tellRehearsal(
  request: ShownRequest,
  { options }: GuestpassConfig,
  { surroundings, flags }: { readonly surroundings: Surroundings; readonly flags: OutputFlags },
): void {
  const token = tokenOf(options);
  const text = flags.json
    ? jsonDocument({ dryRun: true, ...(token && { token }), request })
    : rehearsalText(request, token, paintFor('out', surroundings, flags));
  surroundings.terminal.out(text);
}

/** Where a token would be asked for; the issuers of web messaging need none. */
interface TokenRequest {
  readonly url: string;
  readonly clientId: string;
}

function tokenOf({
  issuer = 'rest',
  environment,
  clientId = '',
}: GuestpassConfig['options']): TokenRequest | undefined {
  return issuer === 'rest' ? { url: `${environment.loginUrl}/oauth/token`, clientId } : undefined;
}

function rehearsalText(
  { method, url, headers, body }: ShownRequest,
  token: TokenRequest | undefined,
  paint: Paint,
): string {
  const rows = Object.entries(headers).map(([name, value]) => [name, printable(value)] as const);
  const opens =
    method === 'GET' ? 'Would open a WebSocket and send on it' : 'Would send, and open a WebSocket with the answer';
  const first = token
    ? `Would ask ${printable(token.url)} for a token as ${printable(token.clientId)}, then send`
    : opens;
  return `${paint.green('✓')} Settings, payload and policy are in order. Nothing was sent.

${first}

  ${method} ${printable(url)}
${columns(rows)}
${jsonDocument(body)}`;
}
