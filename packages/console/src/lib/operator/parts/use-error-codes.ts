import { useMemo } from 'preact/hooks';
import type { ErrorCode, Page } from '../data/views.ts';
import { useLoaded } from './use-loaded.ts';

/** What is known of every code; nothing until the gateway has told. */
export function useErrorCodes(): ReadonlyMap<string, ErrorCode> {
  const body = useLoaded<Page<ErrorCode>>('/v1/errors').body.value;
  return useMemo(() => new Map((body?.data ?? []).map((entry) => [entry.code, entry])), [body]);
}
