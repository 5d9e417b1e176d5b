import { exitCodes } from '../terminal/exit-codes.ts';
import { pickFields } from '../terminal/fields.ts';
import { type OutputFlags, say } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { columns, jsonDocument, printable } from '../terminal/text.ts';
import { lay } from './layers.ts';
import { profilePaths } from './profile-files.ts';
import { listProfiles, type Profile } from './profiles.ts';
import { tellCautions } from './tell-cautions.ts';

export interface ProfilesFlags extends OutputFlags {
  /** Fields to tell. Default all. */
  readonly fields?: readonly string[];
}

/** Lists the profiles there are, without a secret. Resolves with the exit code. */
export async function showProfiles(surroundings: Surroundings, flags: ProfilesFlags): Promise<number> {
  const { terminal, env } = surroundings;
  const profiles = listProfiles(surroundings);
  const shown = profiles.map(shownAs);
  if (flags.json) terminal.out(jsonDocument(shown.map((one) => pickFields(one, flags.fields))));
  else if (shown.length > 0) terminal.out(columns(shown.map(rowOf)));
  else say(terminal, flags, `There are no profiles in ${placesIn(env)}.\n`);
  tellCautions([...new Set(profiles.flatMap(({ cautions }) => cautions))], surroundings, flags);
  return exitCodes.done.code;
}

interface Shown {
  readonly name: string;
  readonly environment: string | null;
  readonly clientId: string | null;
  /** True when it has what a client signs in with. */
  readonly hasSecret: boolean;
  readonly files: readonly string[];
}

function shownAs({ name, layers, files }: Profile): Shown {
  const { variables } = lay(layers);
  return {
    name,
    environment: variables.GUESTPASS_ENVIRONMENT ?? null,
    clientId: variables.GUESTPASS_CLIENT_ID ?? null,
    hasSecret: Boolean(variables.GUESTPASS_CLIENT_SECRET ?? variables.GUESTPASS_CLIENT_SECRET_FILE),
    files,
  };
}

function rowOf({ name, environment, clientId, hasSecret, files }: Shown): readonly [string, string] {
  const client = clientId === null ? 'no client' : `client ${clientId}${hasSecret ? '' : ', no secret'}`;
  return [printable(name), printable(`${environment ?? 'no environment'}, ${client}   (${files.join(' and ')})`)];
}

function placesIn(env: Surroundings['env']): string {
  return (
    profilePaths(env)
      .map(({ shown }) => shown)
      .join(' or ') || 'a home directory, of which HOME tells nothing'
  );
}
