import { hash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { notice } from '../testing/consent.ts';
import { parseConsentNotices } from './consent-notices.ts';

const parse = (...notices: readonly unknown[]) => parseConsentNotices(JSON.stringify(notices));

test('a notice with its text gets the hash of it, and one with a hash keeps that', () => {
  const { text, ...untold } = notice;
  expect(parse(notice)).toEqual({ notices: [{ ...notice, sha256: hash('sha256', text) }] });
  expect(parse({ ...untold, sha256: 'a'.repeat(64) })).toEqual({ notices: [{ ...untold, sha256: 'a'.repeat(64) }] });
});

test('every fault is told at once with where it is, and nothing that the file holds', () => {
  const { text: _, ...untold } = notice;
  const { controller, ...uncontrolled } = notice;
  const read = parse(
    untold,
    { ...notice, sha256: 'b'.repeat(64) },
    { ...notice, language: 'en us', controller: { ...controller, phone: 'canary' }, purposes: [] },
    { ...notice, version: 'canary\ncanary', url: 'javascript:canary' },
    uncontrolled,
  );
  expect(read).toEqual({
    faults: [
      { pointer: '/0', detail: 'must have text or sha256' },
      { pointer: '/1', detail: 'has a text that is not the one of its sha256' },
      { pointer: '/2/language', detail: 'must be a language tag such as en-US' },
      { pointer: '/2/purposes', detail: 'must not be empty' },
      { pointer: '/2/controller/phone', detail: 'is not a known field' },
      { pointer: '/3/version', detail: 'must be one line of text' },
      { pointer: '/3/url', detail: 'must be an https URL' },
      { pointer: '/4/controller', detail: 'is required' },
    ],
  });
});

test('a version and a language choose one notice: the same again for a shared channel is a fault', () => {
  const detail = 'has the version and the language of /0 for the same channel';
  expect(parse(notice, { ...notice, id: 'other', language: 'EN' })).toEqual({ faults: [{ pointer: '/1', detail }] });
  const shop = { ...notice, channels: ['shop', 'chat'] };
  expect(parse(shop, { ...notice, channels: ['chat'] })).toEqual({ faults: [{ pointer: '/1', detail }] });
  expect(parse(shop, { ...notice, channels: ['help'] }, { ...notice, language: 'de' })).toHaveProperty('notices');
});

test('whatever a file holds, it is read or its faults are told', () => {
  expect(parseConsentNotices('{')).toEqual({ faults: [{ pointer: '', detail: 'is not JSON' }] });
  expect(parseConsentNotices('[]')).toEqual({ faults: [{ pointer: '', detail: 'must not be empty' }] });
  void fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parseConsentNotices(text)).toHaveProperty('faults');
    }),
  );
});
