/** One name for a service of AWS, however a bill spells it: product codes of reports, names of Cost Explorer. */

/** What the parts of our own system are billed as, by a part of either spelling; the first that fits counts. */
const KNOWN: readonly (readonly [part: RegExp, service: string])[] = [
  [/bedrock/, 'bedrock'],
  [/lambda/, 'lambda'],
  [/dynamodb/, 'dynamodb'],
  [/sqs|queueservice|simple queue/, 'sqs'],
  [/ecr|container registry/, 'ecr'],
  [/amazonecs|elastic container service|fargate/, 'ecs'],
  [/ec2|elastic compute cloud/, 'ec2'],
  [/amazonvpc|virtual private cloud/, 'vpc'],
  [/cloudwatch/, 'cloudwatch'],
  [/kms|key management/, 'kms'],
  [/apigateway|api gateway/, 'api-gateway'],
  [/secrets ?manager/, 'secrets-manager'],
  [/systems ?manager|amazonssm/, 'systems-manager'],
  [/amazonsns|notification service/, 'sns'],
  [/events|eventbridge|scheduler/, 'eventbridge'],
  [/simple ?email|amazonses/, 'ses'],
  [/amazons3|simple storage/, 's3'],
  [/waf/, 'waf'],
  [/x-?ray/, 'x-ray'],
];

export function awsService(name: string): string {
  const told = name.trim().toLowerCase();
  const known = KNOWN.find(([part]) => part.test(told))?.[1];
  const plain = told.replace(/^(amazon|aws)\s*/, '').replace(/[^a-z0-9]+/g, '-');
  return known ?? (plain.replace(/^-|-$/g, '').slice(0, 60) || 'other');
}
