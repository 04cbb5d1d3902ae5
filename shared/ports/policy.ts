/** Who may do what, and what is done alone: asked before anything that matters, and never answered by an exception. */
import type { PolicyQuestion, PolicyVerdict } from '../domain/policy-question.ts';
import type { PolicySettings } from '../domain/policy-rules.ts';

/** Compiled rules of the owner's own, in place of those that come with the system. */
export type OwnRules = {
  readonly sha256: string;
  /** Gzipped wasm as base64; asked for once. */
  read(): Promise<string>;
};

export type PolicyBasis = {
  readonly settings: PolicySettings;
  /** null: the rules of policies/. A server has rules of its own. */
  readonly rules: OwnRules | null;
};

export type PolicyEngine = {
  /** What judges: `in process`, or the address of a server. */
  readonly name: string;
  /** Never rejects: whatever goes wrong is a deny that says so. */
  evaluate(question: PolicyQuestion, basis: PolicyBasis): Promise<PolicyVerdict>;
};
