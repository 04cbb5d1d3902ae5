/** Several stages side by side: made in one go, each is what it is alone, and none has a name of another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { checkEverything, novaStacks } from '../../infra/aws/stacks.ts';
import { CHOICES, newApp, resources, synthesized, type Template } from './synthesized.ts';

const STAGES = ['test', 'staging', 'prod'];

test('three stages of one synthesis are the three that would have been made alone', () => {
  const app = newApp();
  checkEverything(app, false);
  const made = STAGES.map((stage) => {
    const codeOf = () => lambda.Code.fromInline('export const handler = async () => {};');
    const imageOf = () => ContainerImage.fromRegistry('none');
    return { stage, ...novaStacks(app, { choices: { ...CHOICES, stage }, codeOf, imageOf }) };
  });
  const assembly = app.synth();
  for (const { stage, data, work } of made) {
    const alone = synthesized({ stage });
    assert.deepEqual(assembly.getStackByName(data.stackName).template, alone.data, stage);
    assert.deepEqual(assembly.getStackByName(work.stackName).template, alone.work, stage);
  }
});

const physicalNames = (template: Template): readonly string[] =>
  resources(template).flatMap(({ Type, Properties }) =>
    Object.entries(Properties).flatMap(([key, value]) =>
      /Name$/.test(key) && typeof value === 'string' ? [`${Type} ${value}`] : [],
    ),
  );

test('no two stages of one account want the same name', () => {
  const names = STAGES.flatMap((stage) =>
    Object.values(synthesized({ stage })).flatMap((one) => [...new Set(physicalNames(one))]),
  );
  const shared = names.filter((name, index) => names.indexOf(name) !== index);
  assert.ok(names.length > 150);
  // A policy inside a role is named within it; names of metrics belong to AWS.
  const own = shared.filter((name) => !/^AWS::(IAM::Policy|CloudWatch::Alarm) \w+$/.test(name));
  assert.deepEqual(own, []);
});
