/** One finding of cdk-nag that is meant to be so. */
export type Acknowledgment = {
  /** The stack it is in; the work stack unless said. */
  readonly stack?: 'data';
  /** Path of the construct below its stack; '' is the stack itself. */
  readonly at: string;
  readonly id: string;
  readonly reason: string;
};
