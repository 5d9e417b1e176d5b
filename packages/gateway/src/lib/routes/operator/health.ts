import { createOpenApi } from '../../openapi/document.ts';
import { errorCodes, listErrorCodes } from '../../openapi/error-codes.ts';
import { renderErrors } from '../../openapi/error-page.ts';
import { docs, errorDocs, healthz, livez, metrics, openapi, readyz, startupz } from '../../openapi/health.ts';
import { renderReference } from '../../openapi/reference-page.ts';
import { answerPage } from '../answer-page.ts';
import { notFound, type OperatorRoute, route } from './route.ts';

/** One thing that must hold for guests to be sent here. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** One sentence, readable without a token. */
  readonly detail?: string;
}

/** What a Prometheus server reads; a registry of prom-client is one. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export interface OperationRoutesOptions {
  /** Looks at what this gateway needs; ready when all checks are ok. Should answer within a second, and never reject. */
  readonly readiness: () => Promise<readonly ReadinessCheck[]>;
  /** Default: it has. */
  readonly isStarted?: () => boolean;
  readonly metrics?: MetricsSource | undefined;
}

/** Health, metrics and the description of the API. */
export function createOperationRoutes({
  readiness,
  isStarted = () => true,
  metrics: source,
}: OperationRoutesOptions): readonly OperatorRoute[] {
  const document = createOpenApi();
  const [reference, errors] = [renderReference(document), renderErrors()];
  return [
    route(livez, alive),
    route(healthz, alive),
    route(readyz, async ({ query: { verbose } }) => {
      const checks = await readiness();
      const ready = checks.every(({ ok }) => ok);
      const status = ready ? 'ready' : 'not_ready';
      return Response.json({ status, ...(verbose !== undefined && { checks }) }, { status: ready ? 200 : 503 });
    }),
    route(startupz, () =>
      isStarted() ? Response.json({ status: 'started' }) : Response.json({ status: 'starting' }, { status: 503 }),
    ),
    route(metrics, async () =>
      source ? new Response(await source.metrics(), { headers: { 'Content-Type': source.contentType } }) : notFound,
    ),
    route(openapi, () => Response.json(document)),
    route(docs, () => answerPage(reference)),
    route(errorDocs, () => answerPage(errors)),
    route(listErrorCodes, () => Response.json(errorCodes())),
  ];
}

function alive(): Response {
  return Response.json({ status: 'ok' });
}
