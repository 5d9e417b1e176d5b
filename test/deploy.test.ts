import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService } from '@guestpass/gateway';
import { gatewayVariables, readGatewayConfig } from '@guestpass/gateway/config';
import { testDatabase } from '@guestpass/gateway/testing';
import { createSimulator } from '@guestpass/simulator';
import { configSettings } from 'guestpass';
import { settingNames } from 'guestpass/settings';
import { expect, test } from 'vitest';

// What stands in deploy/ names metrics and settings; here they are held to those there are.

const folder = join(import.meta.dirname, '..', 'deploy');

async function filesUnder(path: string): Promise<readonly { readonly path: string; readonly text: string }[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return await Promise.all(files.map(async (file) => ({ path: file, text: await readFile(file, 'utf8') })));
}

/** Each word of a shape in the files, with the file it stands in. */
function named(files: Awaited<ReturnType<typeof filesUnder>>, shape: RegExp): readonly [string, string][] {
  return files.flatMap(({ path, text }) => [...text.matchAll(shape)].map(([word]) => [word, path] as [string, string]));
}

/** What a running gateway exports once it let a guest in at the second try. */
async function scraped(): Promise<string> {
  await using database = await testDatabase();
  await using simulator = createSimulator({ seed: 1 });
  const { url } = await simulator.listen();
  simulator.faults.add({ operation: 'guest', status: 429, headers: { 'Retry-After': '0' } });
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-deploy-'));
  const token = 'operator-token-0123456789-0123456789-0123456789';
  const config = readGatewayConfig(
    {
      GUESTPASS_TARGET: 'simulator',
      GUESTPASS_ENVIRONMENT: url,
      GUESTPASS_DATABASE_URL: database.url,
      GUESTPASS_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      GUESTPASS_AUDIT_CHECKPOINT_FILE: join(directory, 'checkpoints.jsonl'),
      GUESTPASS_CAPTCHA_POLICY: 'optional',
      GUESTPASS_PORT: '0',
      GUESTPASS_OPERATOR_PORT: '0',
      GUESTPASS_OPERATOR_TOKEN: token,
    },
    { readFile: () => '' },
  );
  try {
    await using service = await startService(config, { version: '0.0.0', write: () => {} });
    const consent = { accepted: true, timestamp: new Date().toISOString() };
    const admitted = await fetch(`${service.gateway.url}/v1/guests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ channelId: 'demo', consent }),
    });
    expect(admitted.status).toBe(201);
    const answer = await fetch(`${service.operatorUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    return await answer.text();
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The names that can be asked for; a histogram has three. */
function namesIn(metrics: string): ReadonlySet<string> {
  const types = [...metrics.matchAll(/^# TYPE (\S+) (\w+)$/gm)];
  return new Set(
    types.flatMap(([, name = '', type]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name],
    ),
  );
}

test('every metric of the dashboard and the alerts is exported by a running gateway', async () => {
  const files = [...(await filesUnder(join(folder, 'grafana'))), ...(await filesUnder(join(folder, 'prometheus')))];
  const used = named(files, /\b(?:guestpass|process|nodejs)_[a-z0-9_]+\b/g);
  expect(used.length).toBeGreaterThan(30);
  const metrics = await scraped();
  const known = namesIn(metrics);
  expect(used.filter(([metric]) => !known.has(metric))).toEqual([]);
  expect(metrics).toContain('guestpass_genesys_requests_total{operation="guest",status_code="429"} 1\n');
  expect(metrics).toContain('guestpass_genesys_requests_total{operation="guest",status_code="201"} 1\n');
  expect(metrics).toContain('guestpass_genesys_requests_total{operation="token",status_code="200"} 1\n');
  expect(metrics).toMatch(/^guestpass_genesys_rate_budget_used_ratio 0\.00[67]\d*$/m);
  expect(metrics).toContain('guestpass_genesys_retries_total{operation="guest",reason="http_429"} 1\n');
});

test('the alerts watch what must not go unseen', async () => {
  const alerts = await readFile(join(folder, 'prometheus', 'alerts.yml'), 'utf8');
  const watched = [
    'guestpass_auth_attempts_total',
    'guestpass_webhook_oldest_pending_age_seconds',
    'guestpass_webhook_undelivered',
    'guestpass_audit_chain_valid',
    'guestpass_token_expiry_timestamp_seconds',
    'guestpass_config_last_reload_successful',
    'guestpass_genesys_circuit_open',
    'guestpass_captcha_circuit_open',
    'guestpass_upstream_calls',
  ];
  expect(watched.filter((metric) => !alerts.includes(metric))).toEqual([]);
  const recorded = new Set([...alerts.matchAll(/record: (\S+)/g)].map(([, name]) => name));
  const asked = [...alerts.matchAll(/\bguestpass:[\w:]+/g)].map(([name]) => name);
  expect(asked.filter((name) => !recorded.has(name))).toEqual([]);
});

test('each alert has a page of the runbook, and no page is about an alert that is gone', async () => {
  const alerts = await readFile(join(folder, 'prometheus', 'alerts.yml'), 'utf8');
  const runbook = await readFile(join(folder, '..', 'docs', 'operations.md'), 'utf8');
  const names = [...alerts.matchAll(/- alert: (\S+)/g)].map(([, name]) => name).sort();
  expect([...runbook.matchAll(/^### (Guestpass\S+)$/gm)].map(([, name]) => name).sort()).toEqual(names);
  const linked = [...alerts.matchAll(/runbook: docs\/operations\.md#(\S+)/g)].map(([, anchor]) => anchor).sort();
  expect(linked).toEqual(names.map((name) => name?.toLowerCase()).sort());
});

test('every setting named in deploy/ is one', async () => {
  const known = new Set([...settingNames(configSettings), ...gatewayVariables]);
  const used = named(await filesUnder(folder), /\bGUESTPASS_[A-Z_]*[A-Z]\b/g);
  expect(used.length).toBeGreaterThan(20);
  expect(used.filter(([name]) => !known.has(name))).toEqual([]);
});

test('no secret stands in deploy/, and every one that is mounted is told how to make', async () => {
  const files = await filesUnder(folder);
  expect(named(files, /whsec_|BEGIN [A-Z ]*PRIVATE KEY|postgres:\/\/\w+:(?!\$)[^@\s]+@/g)).toEqual([]);
  const compose = files.find(({ path }) => path.endsWith('compose.yaml'))?.text ?? '';
  const readme = files.find(({ path }) => path.endsWith('README.md'))?.text ?? '';
  const mounted = [...compose.matchAll(/file: secrets\/(\S+)/g)].map(([, file]) => file ?? '');
  expect(mounted).toHaveLength(5);
  expect(mounted.filter((file) => !readme.includes(file))).toEqual([]);
});

/** The only match of a shape in a file of deploy/, or what its group caught. */
async function only(file: string, shape: RegExp): Promise<string> {
  const text = await readFile(join(folder, file), 'utf8');
  const found = [...text.matchAll(new RegExp(shape, 'gm'))].map(([whole, group = whole]) => group);
  expect(new Set(found).size, `${shape} in ${file}`).toBe(1);
  return found[0] ?? '';
}

test('whoever starts a gateway waits for longer than it drains', async () => {
  const { drain } = readGatewayConfig({ GUESTPASS_TARGET: 'simulator' }, { readFile: () => '' });
  const waits = await Promise.all([
    only('compose.yaml', /stop_grace_period: (\d+)s$/),
    only('systemd/guestpass-gateway.service', /^TimeoutStopSec=(\d+)$/),
    only('kubernetes/gateway.yaml', /terminationGracePeriodSeconds: (\d+)$/),
  ]);
  expect(Math.min(...waits.map(Number)) * 1_000).toBeGreaterThan(drain.delayMs + drain.graceMs);
});

test('the pod has the ports and the folder of the image, and a root it cannot write', async () => {
  const ports = (await only('Dockerfile', /^EXPOSE (.*)$/)).split(' ');
  expect(await only('kubernetes/gateway.yaml', /name: public, containerPort: (\d+)/)).toBe(ports[0]);
  expect(await only('kubernetes/gateway.yaml', /name: operators, containerPort: (\d+)/)).toBe(ports[1]);
  const state = await only('Dockerfile', /^VOLUME (.*)$/);
  expect(await only('kubernetes/gateway.yaml', /name: state, mountPath: (\S+) /)).toBe(state);
  expect(await only('compose.yaml', /checkpoints:(\/\S+)\]/)).toBe(state);
  await only('kubernetes/gateway.yaml', /readOnlyRootFilesystem: true/);
  await only('kubernetes/gateway.yaml', /runAsNonRoot: true/);
});

test('no service of Kubernetes hands a gateway its address as a setting', async () => {
  // It would: of a service "guestpass" each pod gets GUESTPASS_PORT=tcp://…, which ends it with exit code 78.
  const services = await readFile(join(folder, 'kubernetes', 'services.yaml'), 'utf8');
  expect(services).toMatch(/^ {2}name: guestpass$/m);
  await only('kubernetes/gateway.yaml', /enableServiceLinks: false/);
});

test('the database of Compose is well only once it answers where the gateway asks', async () => {
  await only('compose.yaml', /test: \[CMD, pg_isready, -h, 127\.0\.0\.1, /);
});

test('each alert has a test of its own', async () => {
  const alerts = await readFile(join(folder, 'prometheus', 'alerts.yml'), 'utf8');
  const tests = await readFile(join(folder, 'prometheus', 'alerts.test.yml'), 'utf8');
  const names = [...alerts.matchAll(/- alert: (\S+)/g)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !tests.includes(name))).toEqual([]);
});

test('the dashboard is whole: each panel has a place of its own, a title and a question', async () => {
  const { panels } = JSON.parse(await readFile(join(folder, 'grafana', 'guestpass.json'), 'utf8'));
  const places = panels.flatMap(({ gridPos: { x, y, w, h } }: { gridPos: Record<'x' | 'y' | 'w' | 'h', number> }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)}:${y + Math.floor(at / w)}`),
  );
  expect(new Set(places).size).toBe(places.length);
  for (const { type, title, targets } of panels) {
    expect(title).not.toBe('');
    if (type !== 'row') expect(targets.every(({ expr }: { expr: string }) => expr.length > 0)).toBe(true);
  }
});
