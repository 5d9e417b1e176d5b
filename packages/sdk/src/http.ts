export { type AccessToken, type TokenSource, withBearer } from './lib/http/authorize.ts';
export { type BreakerWrapperOptions, withBreaker } from './lib/http/breaker.ts';
export {
  type Breaker,
  type BreakerState,
  type BreakerStateOptions,
  createBreaker,
  type Pass,
  type Sign,
} from './lib/http/breaker-state.ts';
export { type Bulkhead, type BulkheadOptions, createBulkhead, withBulkhead } from './lib/http/bulkhead.ts';
export { type DeadlineOptions, withDeadline } from './lib/http/deadline.ts';
export {
  type Exchange,
  ExchangeError,
  type ExchangeErrorDetails,
  type HttpRequest,
  type HttpResponse,
  type Sent,
  type Try,
} from './lib/http/exchange.ts';
export { classifyFailure, type Failure } from './lib/http/failure.ts';
export { type Fetch, type FetchExchangeOptions, fetchExchange } from './lib/http/fetch.ts';
export { JsonError, type JsonFault, readJson } from './lib/http/json.ts';
export { type ExchangeEvent, exchangeChannel, type ObserverOptions, withObserver } from './lib/http/observe.ts';
export { type PaceOptions, type SharedTurn, type SharedTurns, withPace } from './lib/http/pace.ts';
export { type Retry, type RetryOptions as RetryWrapperOptions, withRetry } from './lib/http/retry.ts';
export { parseRetryAfter, type RetryAfterContext } from './lib/http/retry-after.ts';
export { createRetryBudget, type RetryBudget } from './lib/http/retry-budget.ts';
export { type TraceOptions, withTrace } from './lib/http/trace.ts';
export {
  continueTrace,
  type FollowedTry,
  formatTraceparent,
  harmlessTracestate,
  newSpanId,
  newTraceId,
  parseTraceparent,
  type TraceHeaders,
  type TraceParent,
  type TraceTry,
  type TryBegun,
  type TryEnded,
} from './lib/http/trace-context.ts';
export { type UndiciExchange, type UndiciExchangeOptions, undiciExchange } from './lib/http/undici.ts';
