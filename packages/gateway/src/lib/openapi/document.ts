import * as z from 'zod';
import { sessionCookie } from '../http/operator-sessions.ts';
import { entryOf, type ProblemCode } from '../http/problem-table.ts';
import { componentSchemas, inPlace, type JsonSchema, referTo } from './components.ts';
import type { Operation, OperationAnswer } from './operation.ts';
import { operations } from './operations.ts';
import { problemSchema } from './problem.ts';

/** A description of the API in the form of OpenAPI 3.1. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Readonly<Record<string, unknown>>;
  readonly servers: readonly OpenApiServer[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, OpenApiPath>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

interface OpenApiServer {
  readonly url: string;
  readonly description: string;
}

export type OpenApiPath = Readonly<Record<string, OpenApiOperation>>;

export interface OpenApiOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly servers?: readonly OpenApiServer[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly OpenApiParameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: OpenApiContent };
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
}

export interface OpenApiParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

export interface OpenApiResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>>;
  readonly content?: OpenApiContent;
}

type OpenApiContent = Readonly<Record<string, { readonly schema: JsonSchema }>>;

const operatorServer = { url: 'http://127.0.0.1:4001', description: 'The operator listener, as it stands by default.' };
const publicServer = { url: 'http://127.0.0.1:4000', description: 'The public listener, as it stands by default.' };

const rolesTold =
  'With each operation stands the role it needs: every operator is a `viewer`, and an `admin` has every role.';

const tags = [
  { name: 'Guests', description: 'What a website asks for. This alone stands on the public listener.' },
  { name: 'Attempts', description: 'Who asked to be let in, and what became of it.' },
  { name: 'Stream', description: 'The same as it happens.' },
  { name: 'Deliveries', description: 'Webhooks: each event for each endpoint, with every try.' },
  { name: 'Webhook endpoints', description: 'Who is told of outcomes.' },
  { name: 'Audit', description: 'The chain of records of the whole fleet.' },
  { name: 'Erasures', description: 'Forgetting a guest.' },
  { name: 'Consents', description: 'Consents that guests take back.' },
  { name: 'Legal holds', description: 'Guests who are not forgotten for now.' },
  { name: 'Operator sessions', description: 'Signing in with a browser, which cannot send a token by itself.' },
  { name: 'Operations', description: 'Health, metrics and this description.' },
];

/** Describes the public and the operator API, from the very schemas that requests are parsed with. */
export function createOpenApi(): OpenApiDocument {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Guestpass gateway',
      version: '1.0.0',
      description: 'Lets web-messaging guests in: consent recorded, captcha verified, every attempt on record.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [operatorServer],
    tags,
    paths: pathsOf(operations),
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        operatorToken: { type: 'http', scheme: 'bearer', description: `The token of an operator. ${rolesTold}` },
        operatorSession: {
          type: 'apiKey',
          in: 'cookie',
          name: sessionCookie,
          description: `A session of a browser. Good for pages of the operator listener alone. ${rolesTold}`,
        },
      },
    },
  };
}

function pathsOf(described: readonly Operation[]): Readonly<Record<string, OpenApiPath>> {
  const paths = Map.groupBy(described, ({ path }) => path);
  return Object.fromEntries(
    [...paths].map(([path, ofPath]) => [
      path,
      Object.fromEntries(
        ofPath.map((operation) => {
          const { method } = operation;
          const other = ofPath.find((one) => one !== operation && one.method === method);
          return [method, other ? shared(other, operation) : operationOf(operation)];
        }),
      ),
    ]),
  );
}

/** Each listener may have an operation at one address: OpenAPI knows a single one there, with a choice. */
function shared(one: Operation, other: Operation): OpenApiOperation {
  const described = [operationOf(one), operationOf(other)] as const;
  const bodies = [one, other].flatMap(({ body }) => (body ? [referTo(body)] : []));
  return {
    ...described[0],
    summary: described.map(({ summary }) => summary).join('; '),
    description: described.map(({ description }) => description).join('\n\n'),
    servers: described.flatMap(({ servers }) => servers ?? [operatorServer]),
    security: described.flatMap(({ security }) => (security.length > 0 ? security : [{}])),
    requestBody: { required: true, content: { 'application/json': { schema: { oneOf: bodies } } } },
    responses: merged(
      { ...answersOf(one), ...answersOf(other) },
      refusalsOf([...new Set([...problemsOf(one), ...problemsOf(other)])]),
    ),
  };
}

function operationOf(operation: Operation): OpenApiOperation {
  const { id, tag, summary, description, listener, body } = operation;
  const parameters = parametersOf(operation);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(listener === 'public' && { servers: [publicServer] }),
    security: securityOf(operation),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: referTo(body) } } } }),
    responses: merged(answersOf(operation), refusalsOf(problemsOf(operation))),
  };
}

/** One of these is asked for. */
function securityOf({ role, tokenOnly = false }: Operation): OpenApiOperation['security'] {
  if (role === 'anybody') return [];
  return tokenOnly ? [{ operatorToken: [role] }] : [{ operatorToken: [role] }, { operatorSession: [role] }];
}

function parametersOf({ params, query, headers }: Operation): readonly OpenApiParameter[] {
  return [...fieldsOf(params, 'path'), ...fieldsOf(query, 'query'), ...fieldsOf(headers, 'header')];
}

function fieldsOf(schema: z.ZodType | undefined, place: OpenApiParameter['in']): readonly OpenApiParameter[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries<z.ZodType>(schema.shape).map(([name, field]) => {
    const { description, ...told } = inPlace(field);
    return {
      name,
      in: place,
      required: !field.safeParse(undefined).success,
      ...(typeof description === 'string' && { description }),
      schema: told,
    };
  });
}

function answersOf({ answers }: Operation): Readonly<Record<string, OpenApiResponse>> {
  return Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)]));
}

function answerOf({
  description,
  schema,
  mediaType = 'application/json',
  headers = {},
}: OperationAnswer): OpenApiResponse {
  const told = Object.entries(headers).map(([name, says]) => [name, { description: says, schema: { type: 'string' } }]);
  const mediaTypes = typeof mediaType === 'string' ? [mediaType] : mediaType;
  return {
    description,
    ...(told.length > 0 && { headers: Object.fromEntries(told) }),
    ...(schema && { content: Object.fromEntries(mediaTypes.map((one) => [one, { schema: referTo(schema) }])) }),
  };
}

/** The codes that an operation may answer with. */
function problemsOf(operation: Operation): readonly ProblemCode[] {
  const { listener, role, tokenOnly, body, problems = [] } = operation;
  const codes: ProblemCode[] = [...problems];
  const open = role === 'anybody';
  if (listener !== 'public') {
    if (!open) codes.push('unauthorized_operator', 'token_in_url', 'too_many_requests', 'storage_unavailable');
    if (!open && !tokenOnly) codes.push('cross_site_request');
    if (!open && role !== 'viewer') codes.push('role_insufficient');
    if (body) codes.push('body_invalid', 'body_too_large', 'unsupported_media_type');
    codes.push('request_invalid', 'method_not_allowed', 'internal_error', 'shutting_down');
  }
  return [...new Set(codes)];
}

function refusalsOf(codes: readonly ProblemCode[]): Readonly<Record<string, OpenApiResponse>> {
  const byStatus = Map.groupBy(codes, (code) => entryOf(code).httpStatus ?? 500);
  const content = { 'application/problem+json': { schema: referTo(problemSchema) } };
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => {
      const description = ofStatus.map((code) => `\`${code}\`: ${entryOf(code).meaning}`).join('\n\n');
      return [String(status), { description, content }];
    }),
  );
}

/** A status may stand for an answer and for refusals. */
function merged(
  answers: Readonly<Record<string, OpenApiResponse>>,
  refusals: Readonly<Record<string, OpenApiResponse>>,
): Readonly<Record<string, OpenApiResponse>> {
  const both = Object.entries(refusals).map(([status, refusal]): [string, OpenApiResponse] => {
    const answer = answers[status];
    if (!answer) return [status, refusal];
    const description = `${answer.description}\n\n${refusal.description}`;
    return [status, { ...answer, description, content: { ...answer.content, ...refusal.content } }];
  });
  return { ...answers, ...Object.fromEntries(both) };
}
