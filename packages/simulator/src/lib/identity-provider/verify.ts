import { Webhook, WebhookVerificationError } from 'standardwebhooks';

export type Verification =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: string };

/** Checks one delivery: its headers and the bytes of its body. */
export type Verify = (body: Uint8Array, headers: Readonly<Record<string, string>>) => Verification;

/**
 * Verifies by the published `standardwebhooks` package. That one reads the machine's own clock: a signature may be five
 * minutes off, whatever the clock of the simulator says.
 *
 * @throws TypeError when the secret is none.
 */
export function createVerify(secret: string): Verify {
  const webhook = open(secret);
  return (body, headers) => {
    try {
      return { ok: true, value: webhook.verify(Buffer.from(body), headers) };
    } catch (error) {
      if (error instanceof WebhookVerificationError) return { ok: false, problem: error.message };
      if (error instanceof SyntaxError) return { ok: false, problem: 'Not JSON' };
      throw error;
    }
  };
}

function open(secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch {
    // The package's error may quote the secret.
    throw new TypeError('A webhook secret is `whsec_` and base64.');
  }
}
