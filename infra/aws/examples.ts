/** What stands in the place of a choice that nobody has made yet. */
import { CfnParameter } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { Choices } from './context.ts';

/**
 * Examples may be synthesized, to be looked at. In their place stands a parameter without a value, so that a deploy stops
 * before it touches anything: the parameter's name is the message.
 */
export function askedInstead(scope: Construct, choices: Choices): Readonly<Record<string, string>> {
  const asked = choices.examples.map((name) => {
    const description = `Set ${name} in cdk.json or with -c ${name}=you@your.domain before you deploy.`;
    return [name, new CfnParameter(scope, `${name}IsStillAnExample`, { description }).valueAsString];
  });
  return Object.fromEntries(asked);
}
