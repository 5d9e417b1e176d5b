import { expect, test } from 'vitest';
import { classifyFailure } from './failure.ts';

const withCode = (code: string, syscall?: string) =>
  Object.assign(new Error('x'), { code, ...(syscall && { syscall }) });

test('a connection that never came about proves that nothing was sent', () => {
  for (const code of [
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'UND_ERR_CONNECT_TIMEOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
  ]) {
    expect(classifyFailure(withCode(code))).toEqual({ failure: code, sent: 'no', permanent: false });
    expect(classifyFailure(new TypeError('fetch failed', { cause: withCode(code) }))).toEqual({
      failure: code,
      sent: 'no',
      permanent: false,
    });
  }
});

test('after the connection stands, every failure leaves the outcome open', () => {
  for (const code of [
    'ECONNRESET',
    'EPIPE',
    'UND_ERR_SOCKET',
    'UND_ERR_HEADERS_TIMEOUT',
    'UND_ERR_BODY_TIMEOUT',
    'UND_ERR_HEADERS_OVERFLOW',
    'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
    'UND_ERR_DESTROYED',
    'HPE_INVALID_CONSTANT',
    'ETIMEDOUT',
  ]) {
    expect(classifyFailure(withCode(code))).toEqual({ failure: code, sent: 'maybe', permanent: false });
  }
});

test('a certificate or protocol fault is not sent and not worth repeating', () => {
  for (const code of [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'ERR_INVALID_URL',
    'UND_ERR_INVALID_ARG',
  ]) {
    expect(classifyFailure(withCode(code))).toEqual({ failure: code, sent: 'no', permanent: true });
  }
});

test('a damaged record on a standing TLS session leaves the outcome open', () => {
  expect(classifyFailure(withCode('ERR_SSL_SSL/TLS_ALERT_BAD_RECORD_MAC'))).toMatchObject({
    sent: 'maybe',
    permanent: false,
  });
});

test('a lost route counts as never sent only while connecting', () => {
  expect(classifyFailure(withCode('EHOSTUNREACH', 'connect'))).toMatchObject({ sent: 'no' });
  expect(classifyFailure(withCode('EHOSTUNREACH', 'read'))).toMatchObject({ sent: 'maybe' });
  expect(classifyFailure(withCode('ETIMEDOUT', 'connect'))).toMatchObject({ sent: 'no' });
  expect(classifyFailure(withCode('ETIMEDOUT', 'read'))).toMatchObject({ sent: 'maybe' });
});

test('several addresses prove nothing sent only when each of them does', () => {
  const refused = withCode('ECONNREFUSED', 'connect');
  const all = Object.assign(new AggregateError([refused, withCode('ENETUNREACH')]), { code: 'ECONNREFUSED' });
  expect(classifyFailure(all)).toEqual({ failure: 'ECONNREFUSED', sent: 'no', permanent: false });
  const mixed = new AggregateError([refused, withCode('ECONNRESET')]);
  expect(classifyFailure(new TypeError('fetch failed', { cause: mixed }))).toEqual({
    failure: 'ECONNRESET',
    sent: 'maybe',
    permanent: false,
  });
});

test('aborts, timeouts and nameless errors have stable names', () => {
  expect(classifyFailure(new DOMException('x', 'AbortError'))).toMatchObject({ failure: 'aborted', sent: 'maybe' });
  expect(classifyFailure(new DOMException('x', 'TimeoutError'))).toMatchObject({ failure: 'timeout', sent: 'maybe' });
  const parser = Object.assign(new Error('x'), { name: 'HTTPParserError' });
  expect(classifyFailure(new TypeError('fetch failed', { cause: parser }))).toMatchObject({ failure: 'invalid_http' });
  for (const odd of [new Error('secret in the message'), 'text', null, undefined, withCode('secret text')]) {
    expect(classifyFailure(odd)).toEqual({ failure: 'network_error', sent: 'maybe', permanent: false });
  }
});

test('a cause that is a plain record is understood', () => {
  const refused = new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
  expect(classifyFailure(refused)).toMatchObject({ failure: 'ECONNREFUSED', sent: 'no' });
});

test('a circle of causes ends', () => {
  const error = new Error('x');
  error.cause = error;
  expect(classifyFailure(error)).toMatchObject({ failure: 'network_error' });
  const several = new AggregateError([]);
  several.errors.push(several);
  expect(classifyFailure(several)).toMatchObject({ failure: 'network_error' });
});
