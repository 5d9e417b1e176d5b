import {
  type Admitted,
  type Attempt,
  errorTable,
  type GuestPass,
  type GuestpassError,
  type Statistics,
} from 'guestpass';
import { type OutputFlags, type Paint, paintFor } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { complaint } from '../terminal/tell-error.ts';
import { columns, jsonDocument, printable, shortened } from '../terminal/text.ts';

export interface AttemptFlags extends OutputFlags {
  /** True when the session token and the tokens of a sign-in are printed whole. */
  readonly showToken?: boolean;
}

export interface Told {
  readonly attempt: Attempt;
  readonly stats: Statistics;
  /** More to read about a refusal, such as what would be allowed. */
  readonly hints?: readonly (readonly [string, string])[];
}

/** Tells what became of a guest: the result on standard output, a complaint on standard error. */
export function tellAttempt(
  told: Told,
  surroundings: Pick<Surroundings, 'terminal' | 'env'>,
  flags: AttemptFlags,
): void {
  const { terminal } = surroundings;
  const { attempt, stats } = told;
  if (flags.json) terminal.out(jsonDocument({ ...recordOf(attempt, flags), successRate: stats.successRate }));
  else if (attempt.outcome === 'admitted')
    terminal.out(admission(attempt, stats, { flags, paint: paintFor('out', surroundings, flags) }));
  if (attempt.outcome !== 'admitted')
    terminal.err(failure(attempt, told.hints ?? [], paintFor('err', surroundings, flags)));
}

function recordOf(attempt: Attempt, { showToken }: AttemptFlags): Attempt {
  if (attempt.outcome !== 'admitted' || showToken) return attempt;
  return { ...attempt, guestPass: withoutSecrets(attempt.guestPass) };
}

function withoutSecrets(guestPass: GuestPass): GuestPass {
  const { sessionToken, signedIn } = guestPass;
  const shown = { ...guestPass, sessionToken: shortened(sessionToken) };
  if (!signedIn) return shown;
  const { jwt, refreshToken } = signedIn;
  const shownToken = refreshToken === null ? null : shortened(refreshToken);
  return { ...shown, signedIn: { ...signedIn, jwt: shortened(jwt), refreshToken: shownToken } };
}

function admission(
  attempt: Admitted,
  stats: Statistics,
  { flags, paint }: { flags: AttemptFlags; paint: Paint },
): string {
  const details = flags.quiet ? '' : detailsOf(attempt, flags, paint);
  const guestId = printable(attempt.guestPass.guestId);
  return `${details}Authentication complete. Guest ID: ${guestId}\nCurrent success rate: ${stats.successRate}%\n`;
}

function detailsOf(attempt: Admitted, { showToken }: AttemptFlags, paint: Paint): string {
  const { guestPass, retries, statusCodes, correlationId } = attempt;
  const { sessionToken, expiresAt, connect, signedIn } = guestPass;
  const rows: [string, string][] = [
    ['session token', showToken ? printable(sessionToken) : `${shortened(sessionToken)}   (--show-token prints it)`],
    ['expires', expiresAt === null ? 'the platform names no time' : printable(expiresAt)],
    ['attempt', attempt.id],
    ['stages', stagesOf(attempt)],
  ];
  if (connect)
    rows.splice(2, 0, ['connect', `${printable(connect.url)} deployment ${printable(connect.deploymentId)}`]);
  if (signedIn) rows.splice(1, 0, ...signedInRows(signedIn, showToken));
  if (correlationId !== null) rows.push(['correlation', printable(correlationId)]);
  if (retries > 0) rows.push(['retries', `${retries}   (answers: ${statusCodes.join(', ')})`]);
  const head = `${paint.green('✓')} Admitted to channel ${printable(guestPass.channelId)} in ${round(attempt.durationMs)} ms`;
  return `${head}\n${columns(rows)}\n`;
}

function signedInRows(
  { jwt, refreshToken, expiresAt }: NonNullable<GuestPass['signedIn']>,
  whole = false,
): [string, string][] {
  const told = (secret: string) => (whole ? printable(secret) : shortened(secret));
  return [
    ['JWT', `${told(jwt)}${expiresAt === null ? '' : `   (until ${printable(expiresAt)})`}`],
    ['refresh token', refreshToken === null ? 'the platform gave none' : told(refreshToken)],
  ];
}

function stagesOf({ stages }: Attempt): string {
  return Object.entries(stages)
    .map(([stage, spentMs]) => `${stage} ${round(spentMs)}`)
    .join(' · ');
}

function round(spanMs: number): number {
  return Math.round(spanMs * 10) / 10;
}

const verdicts = { refused: 'Refused', failed: 'Failed', unknown: 'Unknown' } as const;

function failure(attempt: Exclude<Attempt, Admitted>, hints: NonNullable<Told['hints']>, paint: Paint): string {
  const { error, outcome, id, correlationId } = attempt;
  return complaint(
    {
      verdict: verdicts[outcome],
      what: whatOf(error),
      faults: error.faults,
      why: whyOf(error),
      hints,
      next: error.remedy,
      ids: [
        error.code,
        `attempt ${id}`,
        ...(correlationId === null ? [] : [`correlation ${printable(correlationId)}`]),
      ],
    },
    paint,
  );
}

/** The faults of a payload are listed below it, so they need not stand in the sentence. */
function whatOf({ code, detail }: GuestpassError): string {
  return code === 'payload_invalid' ? errorTable.payload_invalid.meaning : detail;
}

function whyOf({ code, status }: GuestpassError): string {
  return `${errorTable[code].cause}${status === undefined ? '' : ` The platform answered ${status}.`}`;
}
