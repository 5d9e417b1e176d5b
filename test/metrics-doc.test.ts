import { readFileSync } from 'node:fs';
import { metricFamilies } from '@guestpass/gateway/metrics';
import { expect, test } from 'vitest';
import { metricsPage, renderMetrics } from '../scripts/generate-metrics.ts';

test('docs/metrics.md is what `npm run docs` writes today', () => {
  expect(readFileSync(metricsPage, 'utf8')).toBe(renderMetrics());
});

test('every metric says in a sentence what it tells, and counters are named as such', () => {
  const families = metricFamilies();
  expect(families.length).toBeGreaterThan(20);
  expect(families.filter(({ help }) => !/^[A-Z0-9].+\.$/.test(help))).toEqual([]);
  expect(families.filter(({ name, type }) => (type === 'counter') !== name.endsWith('_total'))).toEqual([]);
});
