import { expect, test } from 'vitest';
import { summarizeBody } from './body-summary.ts';

const summarize = (contentType: string | null, text: string) => summarizeBody(contentType, Buffer.from(text));

test('shows JSON and removes whatever could be used', () => {
  const body = {
    channelId: 'demo',
    captcha: { provider: 'recaptcha', response: 'answer', score: 0.9 },
    attributes: { sessionToken: 'x', password: { deep: 'y' }, list: [{ client_secret: 'z' }], origin: 'site' },
  };
  expect(summarize('application/json', JSON.stringify(body))).toEqual({
    channelId: 'demo',
    captcha: { provider: 'recaptcha', response: '[removed]', score: 0.9 },
    attributes: {
      sessionToken: '[removed]',
      password: '[removed]',
      list: [{ client_secret: '[removed]' }],
      origin: 'site',
    },
  });
});

test('shows grant and scope of a form, and of the rest the names alone', () => {
  const form = 'grant_type=client_credentials&scope=openid&client_secret=s&anything=t';
  expect(summarize('application/x-www-form-urlencoded', form)).toEqual({
    grant_type: 'client_credentials',
    scope: 'openid',
    client_secret: '[removed]',
    anything: '[removed]',
  });
});

test('shows nothing but the length of anything else', () => {
  expect(summarize('application/json', '{"captcha": {"response": "answer"')).toEqual({ bytes: 33 });
  expect(summarize(null, 'secret words')).toEqual({ bytes: 12 });
  expect(summarize('application/json', JSON.stringify('x'.repeat(70_000)))).toEqual({ bytes: 70_002 });
});

test('shows nothing where there was no body', () => {
  expect(summarize(null, '')).toBeUndefined();
});
