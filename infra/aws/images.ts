/** Images of tasks: built from dist/containers when the stage is deployed (Docker is needed there), or taken by digest. */
import { join } from 'node:path';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Aws } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { TaskRow } from '../topology.ts';
import { CONTAINERS_FOLDER } from './bundle-containers.ts';
import type { Containers } from './context.ts';

export type ImageOf = (name: TaskRow['name'], scope: Construct) => ContainerImage;

/** Machines with the GPUs we price are x86-64; everything else is ARM. */
const PLATFORMS = { 'agent-runner': Platform.LINUX_ARM64, 'agent-runner-gpu': Platform.LINUX_AMD64 } as const;

/** An image in a private registry of AWS: only who is granted it can pull it. */
const PRIVATE = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([a-z0-9._/-]+)@(sha256:[0-9a-f]{64})$/;

/** `folder`: where the folder of each image lies. */
export const imagesFor =
  (containers: Containers | undefined, folder: string = CONTAINERS_FOLDER): ImageOf =>
  (name, scope) => {
    const ready = readyImage(containers, name);
    if (ready) return byDigest(ready, scope);
    const digest = containers?.cudaDigest;
    return ContainerImage.fromAsset(join(folder, name), {
      platform: PLATFORMS[name],
      ...(name === 'agent-runner-gpu' && digest ? { buildArgs: { CUDA_DIGEST: digest } } : {}),
    });
  };

/** Whether AWS must be asked for a pass before the image of a task can be pulled: it is, unless a public registry has it. */
export function isPulledWithPass(containers: Containers, name: TaskRow['name']): boolean {
  const ready = readyImage(containers, name);
  return ready === undefined || PRIVATE.test(ready);
}

const readyImage = (containers: Containers | undefined, name: TaskRow['name']): string | undefined =>
  name === 'agent-runner' ? containers?.image : containers?.gpuImage;

function byDigest(image: string, scope: Construct): ContainerImage {
  const [, account, region, repositoryName = '', digest] = PRIVATE.exec(image) ?? [];
  if (!account) return ContainerImage.fromRegistry(image);
  const repositoryArn = `arn:${Aws.PARTITION}:ecr:${region}:${account}:repository/${repositoryName}`;
  const repository = Repository.fromRepositoryAttributes(scope, 'Repository', { repositoryArn, repositoryName });
  return ContainerImage.fromEcrRepository(repository, digest);
}
