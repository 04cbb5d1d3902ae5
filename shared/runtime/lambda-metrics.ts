/** Metrics as log lines (EMF): no API call, and no metric per agent, so that the bill does not grow with the fleet. */
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { JsonObject } from '../domain/agent.ts';

const NAMESPACE = 'NovaOS';

/** Publishes the numbers of a job's answer under its stage. Others are left out. */
export function publishMetrics(stage: string, numbers: JsonObject): void {
  const metrics = new Metrics({ namespace: NAMESPACE, serviceName: stage });
  for (const [name, value] of Object.entries(numbers)) {
    if (typeof value === 'number') metrics.addMetric(name, MetricUnit.NoUnit, value);
  }
  metrics.publishStoredMetrics();
}
