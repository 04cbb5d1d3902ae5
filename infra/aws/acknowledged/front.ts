/** The public door: what the packs would have otherwise, and why it is so. */
import type { Acknowledgment } from '../acknowledgment.ts';
import type { Choices } from '../context.ts';

export const frontAnswers = (choices: Choices): Acknowledgment[] => [
  {
    at: 'front/LogRole',
    id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
    reason: 'The one role that API Gateway logs with for the whole account; AWS prescribes this policy for it.',
  },
  {
    at: 'front/Api',
    id: 'AwsSolutions-APIG2',
    reason: 'A signed webhook must arrive as the bytes that were sent; the functions parse everything with a schema.',
  },
  {
    at: 'front/Api',
    id: 'AwsSolutions-APIG4',
    reason:
      'Vendors and mail readers have no identity of ours: signatures, and a token with a code, are checked inside.',
  },
  {
    at: 'front/Api',
    id: 'AwsSolutions-COG4',
    reason: 'No user pool: webhooks are signed by their vendor, approvals need a token and a code from the mail.',
  },
  ...(choices.waf
    ? []
    : [
        {
          at: 'front/Api',
          id: 'AwsSolutions-APIG3',
          reason: 'A firewall costs more than the idle rest of the stack; throttling protects, -c waf=true adds one.',
        },
      ]),
  {
    at: 'front/Api',
    id: 'NIST.800.53.R5-APIGWCacheEnabledAndEncrypted',
    reason: 'Every answer is about one moment and one token: nothing may be cached, and a cache costs by the hour.',
  },
  {
    at: 'front',
    id: 'Serverless-APIGWXrayEnabled',
    reason:
      'A trace of the door holds whole paths, with secrets of pings in them; its log has the latency of each route.',
  },
  {
    at: 'front/Api',
    id: 'NIST.800.53.R5-APIGWSSLEnabled',
    reason: 'A client certificate is for servers behind the API; behind this one are functions called by IAM.',
  },
  ...(choices.waf
    ? []
    : [
        {
          at: 'front/Api',
          id: 'NIST.800.53.R5-APIGWAssociatedWithWAF',
          reason: 'A firewall costs more than the idle rest of the stack; throttling protects, -c waf=true adds one.',
        },
      ]),
];
