/** Whatever an owner may choose that brings or takes resources: each check of templates looks at all of these. */
import type { Choices } from '../../infra/aws/context.ts';

const ZEROS = `sha256:${'0'.repeat(64)}`;
const GPU = { gpu: true };

export const VARIANTS = {
  'without a firewall': { waf: false },
  'with a firewall': { waf: true },
  'with tracing': { tracing: true },
  'with a table that was restored': { table: 'nova-test-restored' },
  'with an OPA server': { opaUrl: 'https://opa.example.com' },
  'with containers in a network of the owner’s': {
    containers: { gpu: false, network: { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-0a1b2c3d'] } },
  },
  'with containers of images in registries, one of them private': {
    containers: {
      gpu: true,
      image: `123456789012.dkr.ecr.eu-central-1.amazonaws.com/nova/runner@${ZEROS}`,
      gpuImage: `registry.test/gpu@${ZEROS}`,
    },
  },
  'with containers in a network of their own': { containers: { gpu: false } },
  'with containers behind a NAT gateway': { containers: { gpu: false, vpc: true } },
  'with machines with GPUs behind a NAT gateway': { containers: { ...GPU, vpc: true, cudaDigest: ZEROS } },
  'with containers and machines with GPUs in a network of their own': { containers: GPU },
  'with everything that an owner may choose': { containers: GPU, waf: true, tracing: true },
} as const satisfies Readonly<Record<string, Partial<Choices>>>;

export type Variant = keyof typeof VARIANTS;
export const VARIANT_NAMES = Object.keys(VARIANTS) as readonly Variant[];
