/** The synthesis fails where a task of Fargate asks for a GPU: it would be refused at its start, long after the deploy. */
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Annotations, type IAspect, Stack } from 'aws-cdk-lib/core';
import type { IConstruct } from 'constructs';

type Rendered = { readonly resourceRequirements?: readonly { readonly type?: string }[] };

export const noGpuOnFargate: IAspect = {
  visit(node: IConstruct): void {
    if (!(node instanceof ecs.CfnTaskDefinition)) return;
    if (!node.requiresCompatibilities?.includes('FARGATE')) return;
    const containers: unknown = Stack.of(node).resolve(node.containerDefinitions);
    const asks = (Array.isArray(containers) ? (containers as readonly Rendered[]) : []).some(
      ({ resourceRequirements }) => resourceRequirements?.some(({ type }) => type === 'GPU'),
    );
    if (asks) Annotations.of(node).addError('Fargate has no GPUs: a task with one needs ECS Managed Instances');
  },
};
