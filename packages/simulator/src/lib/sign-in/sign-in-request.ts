import * as z from 'zod';
import { type ApiError, apiErrorFor } from '../api-error.ts';

const orRequired = (errorCode: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? 'required' : errorCode;

const text = z.string({ error: orRequired('invalid.type') }).min(1, 'required');

/** What a guest brings from the provider: a code with what it was asked for with, or an ID token alone. */
export const exchangeSchema = z.looseObject(
  {
    deploymentId: text,
    oauth: z
      .looseObject(
        {
          code: text.optional(),
          idToken: text.optional(),
          redirectUri: text.optional(),
          // RFC 7636 section 4.1.
          codeVerifier: text.regex(/^[A-Za-z0-9._~-]{43,128}$/, 'invalid.value').optional(),
          nonce: text.optional(),
          maxAge: z.int({ error: 'invalid.type' }).min(0, 'invalid.value').optional(),
          iss: text.optional(),
        },
        { error: orRequired('invalid.type') },
      )
      .refine(({ code, idToken }) => (code === undefined) !== (idToken === undefined), {
        path: ['code'],
        error: 'required',
      })
      .refine(({ code, redirectUri }) => code === undefined || redirectUri !== undefined, {
        path: ['redirectUri'],
        error: 'required',
      }),
    journeyContext: z.looseObject({}, { error: 'invalid.type' }).optional(),
  },
  { error: 'invalid.type' },
);

/** `deploymentId` is told by some of the platform's clients alone. */
export const refreshSchema = z.looseObject(
  { refreshToken: text, deploymentId: text.optional() },
  { error: 'invalid.type' },
);

export type ExchangeRequest = z.infer<typeof exchangeSchema>;

/** What a guest brings from the provider. */
export type Evidence = ExchangeRequest['oauth'];

export type ParsedRequest<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: ApiError };

/** Parses a JSON body; every fault becomes one of the error's details. */
export function parseRequest<Value>(
  schema: z.ZodType<Value>,
  contentType: string | undefined,
  body: Uint8Array,
): ParsedRequest<Value> {
  if (!/^application\/json *(;|$)/i.test(contentType ?? '')) return { ok: false, error: apiErrorFor(415) };
  const json = parseJson(body);
  if (!json) {
    return { ok: false, error: { ...apiErrorFor(400), message: 'The request body is not valid JSON.' } };
  }
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const details = parsed.error.issues.map(({ path, message }) => ({ errorCode: message, fieldName: path.join('.') }));
  const message = 'The request body is not valid.';
  return { ok: false, error: { status: 400, code: 'constraint.validation', message, details } };
}

function parseJson(body: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder().decode(body)) };
  } catch {
    return undefined;
  }
}
