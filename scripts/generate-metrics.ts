// Writes docs/metrics.md from the metrics a gateway registers, so that page and code cannot disagree.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MetricFamily, metricFamilies } from '@guestpass/gateway/metrics';

/** Where the page stands. */
export const metricsPage = join(import.meta.dirname, '..', 'docs', 'metrics.md');

const opening = `# Metrics

<!-- Written by \`npm run docs\` from the metrics in the gateway. Change their help texts, not this page. -->

\`GET /metrics\` on the operator listener, with an operator's token, in the text format of Prometheus. Each gateway tells of
what it did itself; the backlog of webhooks and the audit log are those of the database. No label holds what a caller made
up: channels that are not configured, codes and statuses nobody knows and endpoints past the hundredth are \`other\`.`;

const closing = `Beside these stand the metrics of the process (\`process_*\`, \`nodejs_*\`) as \`prom-client\` gives them. The
[dashboard](../deploy/grafana/guestpass.json) and the [alerts](../deploy/prometheus/alerts.yml) use them;
[operations](operations.md) says what to do when one fires.`;

const cell = (text: string) => text.replaceAll('|', '\\|');

function row({ name, type, labels, help }: MetricFamily): string {
  return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${cell(help)} |`;
}

/** The page as it should read now. */
export function renderMetrics(): string {
  const families = metricFamilies().toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
  const table = ['| Metric | Type | Labels | Meaning |', '| --- | --- | --- | --- |', ...families.map(row)].join('\n');
  return `${[opening, table, closing].join('\n\n')}\n`;
}

if (import.meta.main) writeFileSync(metricsPage, renderMetrics());
