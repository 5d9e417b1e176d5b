import { defineSetting, line, type Read, settingNames } from 'guestpass/settings';

/** What the commands that ask a gateway read beside its own settings. */
export const operatorSettings = {
  operatorUrl: defineSetting('GUESTPASS_OPERATOR_URL', operatorAddress, {
    doc: 'Operator listener of the gateway that `tail` and `deliveries` ask.',
    fallback: 'http://127.0.0.1:4001',
  }),
  operatorToken: defineSetting('GUESTPASS_OPERATOR_TOKEN', line(4_096), {
    doc: 'Bearer token of that listener; `GUESTPASS_OPERATOR_TOKEN_FILE` names a file that holds it.',
    fallback: 'none',
    secret: true,
  }),
} as const;

/** The variables that no other table knows, so that they may stand in one environment with all others. */
export const operatorVariables: readonly string[] = settingNames(operatorSettings);

/** The token goes over `https` only; a loopback address never leaves the machine. */
function operatorAddress(text: string): Read<string> {
  const url = URL.parse(text);
  const isLoopback = url && /^(?:localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/.test(url.hostname);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback);
  const isPlain = isSafe && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return isPlain
    ? { value: url.href.replace(/\/+$/, '') }
    : { fault: 'must be an https URL without user name, password, query or fragment; http is for loopback alone' };
}
