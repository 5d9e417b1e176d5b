import { systemClock } from 'guestpass';
import { captchaChecks } from './doctor/captcha.ts';
import type { Check } from './doctor/check.ts';
import { messagingChecks } from './doctor/deployment.ts';
import { dnsCheck, tlsCheck } from './doctor/hosts.ts';
import { nodeCheck, proxyCheck } from './doctor/machine.ts';
import { restChecks } from './doctor/platform.ts';
import { runChecks } from './doctor/run-checks.ts';
import { type CheckedSettings, checkSettings, urlsOf } from './doctor/settings-check.ts';
import { auditChecks, databaseCheck } from './doctor/storage.ts';
import { tellFindings } from './doctor/tell-findings.ts';
import { webhookCheck } from './doctor/webhook.ts';
import { exitCodes } from './exit-codes.ts';
import type { ConfigFlags } from './load-config.ts';
import { systemNetwork } from './network.ts';
import { type OpenExchange, openExchange } from './open-exchange.ts';
import type { OutputFlags } from './output.ts';
import type { Surroundings } from './surroundings.ts';

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
