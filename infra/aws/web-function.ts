/** A function behind the API: one fixed beginning of the path for each route, never a public function URL. */
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import type { Construct } from 'constructs';
import type { FunctionRow, On } from '../topology.ts';
import { NovaFunction } from './nova-function.ts';
import type { Site } from './site.ts';

type Routes = Extract<On, { http: unknown }>['http'];

export class WebFunction extends NovaFunction {
  constructor(scope: Construct, row: FunctionRow, wake: { http: Routes; site: Site; api: apigateway.RestApi }) {
    const { http, site, api } = wake;
    super(scope, row, site, { deadLetters: site.agentSchedules.deadLetters });
    const integration = new apigateway.LambdaIntegration(this.fn, { allowTestInvoke: false });
    for (const { method, path } of http) {
      const fixed = path.slice(1, -2);
      const parent = api.root.getResource(fixed) ?? api.root.addResource(fixed);
      const rest = parent.getResource('{rest+}') ?? parent.addResource('{rest+}');
      rest.addMethod(method, integration);
    }
  }
}
