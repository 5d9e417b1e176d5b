import type { GuestpassConfig } from 'guestpass';
import { type OutputFlags, type Paint, paintFor } from './output.ts';
import type { ShownRequest } from './rehearsal.ts';
import type { Surroundings } from './surroundings.ts';
import { columns, jsonDocument, printable } from './text.ts';

/** Tells what would be sent. */
export function tellRehearsal(
  request: ShownRequest,
  { options }: GuestpassConfig,
  { surroundings, flags }: { readonly surroundings: Surroundings; readonly flags: OutputFlags },
): void {
  const token = { url: `${options.environment.loginUrl}/oauth/token`, clientId: options.clientId };
  const text = flags.json
    ? jsonDocument({ dryRun: true, token, request })
    : rehearsalText(token, request, paintFor('out', surroundings, flags));
  surroundings.terminal.out(text);
}

function rehearsalText(
  token: { readonly url: string; readonly clientId: string },
  { method, url, headers, body }: ShownRequest,
  paint: Paint,
): string {
  const rows = Object.entries(headers).map(([name, value]) => [name, printable(value)] as const);
  return `${paint.green('✓')} Settings, payload and policy are in order. Nothing was sent.

Would ask ${printable(token.url)} for a token as ${printable(token.clientId)}, then send

  ${method} ${printable(url)}
${columns(rows)}
${jsonDocument(body)}`;
}
