import { systemClock } from 'guestpass';
import { systemNetwork } from '../network.ts';
import { type OpenExchange, openExchange } from '../open-exchange.ts';
import type { ConfigFlags } from '../settings/load-config.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import type { OutputFlags } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { captchaChecks } from './captcha.ts';
import type { Check } from './check.ts';
import { messagingChecks } from './deployment.ts';
import { dnsCheck, tlsCheck } from './hosts.ts';
import { nodeCheck, proxyCheck } from './machine.ts';
import { restChecks } from './platform.ts';
import { runChecks } from './run-checks.ts';
import { type CheckedSettings, checkSettings, urlsOf } from './settings-check.ts';
import { auditChecks, databaseCheck } from './storage.ts';
import { tellFindings } from './tell-findings.ts';
import { webhookCheck } from './webhook.ts';

export interface DoctorFlags extends OutputFlags, ConfigFlags {
  /** Deployment to look at with an issuer of web messaging. */
  readonly channel?: string;
  /** True when the receiver of webhooks is sent test events. */
  readonly webhook?: boolean;
}

/** Checks everything a guest needs to get in, and tells what was found. Resolves with the exit code. */
export async function examine(surroundings: Surroundings, flags: DoctorFlags): Promise<number> {
  const { clock = systemClock, signal } = surroundings;
  await using network = await openExchange(surroundings);
  const settings = checkSettings(surroundings, flags);
  const checks = [
    nodeCheck(surroundings.nodeVersion),
    { name: 'settings', look: async () => settings.finding },
    proxyCheck(surroundings.env),
    ...platformChecks(settings, { surroundings, flags, network }),
    ...gatewayChecks(settings, { surroundings, flags, network }),
    ...auditChecks(settings.sdk?.values.auditFile),
    databaseCheck(settings.gateway?.values.databaseUrl),
  ];
  const findings = await runChecks(checks, { clock, signal });
  tellFindings(findings, surroundings, flags);
  const isSick = findings.some(({ status }) => status === 'problem');
  return isSick ? exitCodes.problem.code : exitCodes.done.code;
}

interface Scene {
  readonly surroundings: Surroundings;
  readonly flags: DoctorFlags;
  readonly network: OpenExchange;
}

/** Without settings it is not known where the platform is. */
function platformChecks({ sdk }: CheckedSettings, { surroundings, flags, network }: Scene): readonly Check[] {
  if (!sdk) return [];
  const { clock = systemClock, network: end = systemNetwork, signal } = surroundings;
  const { options, values } = sdk;
  const urls = urlsOf(options);
  const means = { exchange: network.exchange, clock, signal };
  const isRest = (options.issuer ?? 'rest') === 'rest';
  return [
    dnsCheck(urls, end),
    tlsCheck(urls, end, clock),
    ...(isRest ? restChecks(options, means) : messagingChecks(options, flags.channel ?? values.channelId, means)),
  ];
}

function gatewayChecks({ gateway }: CheckedSettings, { surroundings, flags, network }: Scene): readonly Check[] {
  if (!gateway) return [];
  const { clock = systemClock } = surroundings;
  return [
    ...captchaChecks(gateway.captcha, { exchange: network.exchange, clock }),
    webhookCheck(gateway, { asked: flags.webhook === true, clock }),
  ];
}
