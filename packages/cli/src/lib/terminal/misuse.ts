import { GuestpassError } from 'guestpass';

/** A command line that cannot be followed: `where` names the flag or argument, `detail` what is wrong with it. */
export function misuse(where: string, detail: string, remedy: string): GuestpassError {
  return new GuestpassError('config_invalid', 'The command line is not usable.', {
    faults: [{ pointer: `/${where}`, detail }],
    remedy,
  });
}

/** The system's code of an error in parentheses, or nothing. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
}
