export { type MetricFamily, metricFamilies } from './lib/watch/metrics/metrics.ts';
