/**
 * A role, and what it may do as managed policies of its own: each change of rights is a version that IAM keeps and can go
 * back to, and a policy is read, simulated and reported on without its role. No other role is given one.
 */
import * as iam from 'aws-cdk-lib/aws-iam';
import { Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

/** IAM stores 6,144 characters of a managed policy; what a deployment fills in for a reference is not known here. */
const MOST_CHARACTERS = 5_000;

export class OwnRole extends iam.Role {
  readonly #stage: string;
  #policy: iam.ManagedPolicy | null = null;
  #policies = 0;
  #characters = 0;

  constructor(scope: Construct, id: string, props: iam.RoleProps & { readonly description: string }) {
    super(scope, id, props);
    this.#stage = Stack.of(scope).stackName;
  }

  /** Every way to grant this role something, by hand or by a construct, ends here. */
  override addToPrincipalPolicy(statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    const length = JSON.stringify(Stack.of(this).resolve(statement.toStatementJson())).length;
    if (this.#policy === null || this.#characters + length > MOST_CHARACTERS) this.#policy = this.#next();
    this.#policy.addStatements(statement);
    this.#characters += length;
    return { statementAdded: true, policyDependable: this.#policy };
  }

  #next(): iam.ManagedPolicy {
    this.#characters = 0;
    this.#policies += 1;
    // Its description can never change: that would replace it.
    const description = `${this.#stage}: part ${this.#policies} of the rights of one role`;
    return new iam.ManagedPolicy(this, `Policy${this.#policies}`, { description, roles: [this] });
  }
}
