import * as z from 'zod';
import { type ApiError, type ApiErrorDetail, apiErrorFor } from '../api-error.ts';

/** Messages are the `errorCode` of a detail. */
const orRequired = (errorCode: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? 'required' : errorCode;

const string = z.string({ error: orRequired('invalid.type') }).min(1, 'required');

/** The tutorial's program writes an absent captcha or score as `null`. */
const payloadSchema = z.looseObject(
  {
    channelId: string,
    consent: z.looseObject(
      {
        accepted: z.literal(true, { error: orRequired('consent.not.accepted') }),
        timestamp: z.iso.datetime({ offset: true, error: orRequired('invalid.date') }),
      },
      { error: orRequired('invalid.type') },
    ),
    captcha: z
      .looseObject(
        {
          provider: string,
          response: string,
          score: z
            .number({ error: 'invalid.type' })
            .min(0.5, 'captcha.score.too.low')
            .max(1, 'invalid.value')
            .nullish(),
        },
        { error: 'invalid.type' },
      )
      .nullish(),
    attributes: z.record(z.string(), z.unknown(), { error: 'invalid.type' }).optional(),
  },
  { error: 'invalid.type' },
);

export type ParsedPayload =
  | { readonly ok: true; readonly channelId: string }
  | { readonly ok: false; readonly error: ApiError };

/** Parses the body of a guest request; every fault becomes one of the error's details. */
export function parsePayload(contentType: string | undefined, body: Uint8Array): ParsedPayload {
  if (!/^application\/json *(;|$)/i.test(contentType ?? '')) {
    return { ok: false, error: apiErrorFor(415) };
  }
  const json = parseJson(body);
  if (!json) {
    return { ok: false, error: { status: 400, code: 'bad.request', message: 'The request body is not valid JSON.' } };
  }
  const parsed = payloadSchema.safeParse(json.value);
  if (parsed.success) return { ok: true, channelId: parsed.data.channelId };
  return { ok: false, error: constraintError(parsed.error.issues.map(detailOf)) };
}

function parseJson(body: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) };
  } catch {
    return undefined;
  }
}

function detailOf({ message, path }: z.core.$ZodIssue): ApiErrorDetail {
  return { errorCode: message, fieldName: path.join('.') };
}

function constraintError(details: readonly ApiErrorDetail[]): ApiError {
  const fields = details.map(({ fieldName }) => fieldName || 'the body').join(', ');
  return { status: 400, code: 'constraint.validation', message: `These fields are not valid: ${fields}.`, details };
}
