/** One error type. Its code decides retry, HTTP status and exit code, so that no catch block has to. */

type Fate = {
  readonly retry: 'later' | 'never';
  readonly blame: 'caller' | 'us' | 'other';
  readonly httpStatus: number;
  readonly exitCode: number;
};

export const FATES = {
  bad_input: { retry: 'never', blame: 'caller', httpStatus: 400, exitCode: 2 },
  unauthenticated: { retry: 'never', blame: 'caller', httpStatus: 401, exitCode: 4 },
  denied: { retry: 'never', blame: 'caller', httpStatus: 403, exitCode: 4 },
  not_found: { retry: 'never', blame: 'caller', httpStatus: 404, exitCode: 3 },
  conflict: { retry: 'never', blame: 'caller', httpStatus: 409, exitCode: 5 },
  too_large: { retry: 'never', blame: 'caller', httpStatus: 413, exitCode: 2 },
  unsupported: { retry: 'never', blame: 'caller', httpStatus: 415, exitCode: 2 },
  budget_reached: { retry: 'never', blame: 'caller', httpStatus: 402, exitCode: 4 },
  unpriced: { retry: 'never', blame: 'us', httpStatus: 500, exitCode: 1 },
  misconfigured: { retry: 'never', blame: 'us', httpStatus: 500, exitCode: 1 },
  corrupt: { retry: 'never', blame: 'us', httpStatus: 500, exitCode: 1 },
  unavailable: { retry: 'later', blame: 'other', httpStatus: 503, exitCode: 1 },
  broken: { retry: 'later', blame: 'us', httpStatus: 500, exitCode: 1 },
} as const satisfies Record<string, Fate>;

export type ErrorCode = keyof typeof FATES;

/** What was wrong, what is allowed, what came: in `message`. Never a secret: messages reach logs, mails and terminals. */
export class NovaError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'NovaError';
    this.code = code;
  }
}

/** The fate of anything thrown: an unknown throw is our bug and may be tried again. */
export function fateOf(thrown: unknown): Fate {
  return thrown instanceof NovaError ? FATES[thrown.code] : FATES.broken;
}

/** Text for people from anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
