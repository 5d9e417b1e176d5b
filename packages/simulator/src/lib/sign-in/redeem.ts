import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { issuerAt } from './openid-provider.ts';
import type { SignInSite } from './site.ts';

const answerSchema = z.looseObject({ id_token: z.string() });

/** A code, and what it was asked for with. */
export interface Code {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string | undefined;
}

/** A port the provider answers on. */
export interface ProviderPort {
  /** Its origin. */
  readonly url: string;
  /** Who vouches for it, where it speaks TLS. */
  readonly ca?: { readonly pem: string };
}

/**
 * Redeems a code at the provider of a port over HTTP (RFC 6749 section 4.1.3). Returns the ID token, or `undefined` when
 * the provider refuses. Rejects when it cannot be reached.
 */
export async function redeemCode(port: ProviderPort, code: Code, site: SignInSite): Promise<string | undefined> {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: code.code,
    redirect_uri: code.redirectUri,
    ...(code.codeVerifier !== undefined && { code_verifier: code.codeVerifier }),
  });
  const answer = await post(port, form.toString(), basic(site));
  return answerSchema.safeParse(answer).data?.id_token;
}

function post({ url, ca }: ProviderPort, body: string, authorization: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: authorization };
    const options = { method: 'POST', headers, agent: false, ...(ca && { ca: ca.pem }) };
    const ask = ca ? secureRequest : request;
    const asked = ask(`${issuerAt(url)}/token`, options, (answer) => {
      text(answer).then((said) => resolve(answer.statusCode === 200 ? JSON.parse(said) : undefined), reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** RFC 6749 section 2.3.1: each half is form-urlencoded first. */
function basic({ clientId, clientSecret }: SignInSite): string {
  const encode = (half: string) => new URLSearchParams([['', half]]).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`;
}
