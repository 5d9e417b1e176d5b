import { type Fault, GuestpassError } from 'guestpass';
import { readSettings } from 'guestpass/settings';
import { variablesIn } from '../settings/load-config.ts';
import { operatorSettings } from '../settings/operator-settings.ts';
import type { Surroundings } from '../terminal/surroundings.ts';

/** Where operators ask, and by what they are known. */
export interface OperatorAccess {
  readonly url: string;
  readonly token: string;
}

/** Reads both from the environment and `.env`. Throws `config_invalid` with every fault at once. */
export function readOperatorAccess(
  surroundings: Pick<Surroundings, 'env' | 'readFile' | 'isOpenToOthers'>,
): OperatorAccess {
  const { readFile } = surroundings;
  const { values, origins, faults } = readSettings(operatorSettings, variablesIn(surroundings), { readFile });
  const { operatorUrl = operatorSettings.operatorUrl.fallback, operatorToken = '' } = values;
  const missing: Fault[] = origins.operatorToken
    ? []
    : [{ pointer: '/GUESTPASS_OPERATOR_TOKEN', detail: 'is not set, nor is GUESTPASS_OPERATOR_TOKEN_FILE' }];
  const all = [...faults, ...missing];
  if (all.length > 0) {
    throw new GuestpassError('config_invalid', 'The gateway cannot be asked.', {
      faults: all,
      remedy:
        'Set GUESTPASS_OPERATOR_URL and GUESTPASS_OPERATOR_TOKEN to those of the gateway. ' +
        'That of npm start keeps its token in .guestpass/operator-token, which GUESTPASS_OPERATOR_TOKEN_FILE may name.',
    });
  }
  return { url: operatorUrl, token: operatorToken };
}
