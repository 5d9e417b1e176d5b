/** What one check found. */
export interface Finding {
  /** `skipped`: there was nothing to check. */
  readonly status: 'ok' | 'warning' | 'problem' | 'skipped';
  /** One sentence or less. Holds no secret. */
  readonly message: string;
  /** What to do about it. */
  readonly fix?: string;
  /** More to read, line by line. */
  readonly details?: readonly (readonly [label: string, text: string])[];
}

/** One thing that may be wrong. */
export interface Check {
  readonly name: string;
  /** How long it may take, in milliseconds. Default 5,000. */
  readonly limitMs?: number;
  /** May reject: what is thrown is a problem then. */
  look(signal: AbortSignal): Promise<Finding>;
}

export function ok(message: string, details?: Finding['details']): Finding {
  return { status: 'ok', message, ...(details && { details }) };
}

export function warning(message: string, fix: string): Finding {
  return { status: 'warning', message, fix };
}

export function problem(message: string, fix: string): Finding {
  return { status: 'problem', message, fix };
}

export function skipped(message: string): Finding {
  return { status: 'skipped', message };
}
