import { type Check, ok, problem, skipped, warning } from './check.ts';

const needed = [22, 19] as const;

/** Is Node.js new enough? */
export function nodeCheck(version: string): Check {
  return {
    name: 'node',
    look: async () => {
      const [major = 0, minor = 0] = version.split('.').map(Number);
      const isEnough = major > needed[0] || (major === needed[0] && minor >= needed[1]);
      if (isEnough) return ok(`Node.js ${version}`);
      return problem(`Node.js ${version} is too old.`, `Install ${needed.join('.')} or later from https://nodejs.org.`);
    },
  };
}

const proxyVariables = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];

/** Is a proxy asked for that is not used? */
export function proxyCheck(env: Readonly<Record<string, string | undefined>>): Check {
  return {
    name: 'proxy',
    look: async () => {
      const set = proxyVariables.filter((name) => env[name]);
      if (set.length === 0) return skipped('no proxy is set in the environment');
      return warning(
        `${set.join(', ')} is set, and no command uses it: connections go out directly.`,
        'Allow direct connections to the platform; in a program, `createGuestpass` takes `proxy`.',
      );
    },
  };
}
