/** Images of tasks: built from dist/containers when the stage is deployed (Docker is needed there), or taken by digest. */
import { join } from 'node:path';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { CONTAINERS_FOLDER } from './bundle-containers.ts';
import type { Containers } from './context.ts';
import type { ImageOf } from './task-cluster.ts';

/** Machines with the GPUs we price are x86-64; everything else is ARM. */
const PLATFORMS = { 'agent-runner': Platform.LINUX_ARM64, 'agent-runner-gpu': Platform.LINUX_AMD64 } as const;

export const imagesFor =
  (containers: Containers | undefined): ImageOf =>
  (name) => {
    const { image, gpuImage, cudaDigest } = containers ?? {};
    const ready = name === 'agent-runner' ? image : gpuImage;
    if (ready) return ContainerImage.fromRegistry(ready);
    return ContainerImage.fromAsset(join(CONTAINERS_FOLDER, name), {
      platform: PLATFORMS[name],
      ...(name === 'agent-runner-gpu' && cudaDigest ? { buildArgs: { CUDA_DIGEST: cudaDigest } } : {}),
    });
  };
