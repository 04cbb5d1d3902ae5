import type { AuditRecord } from '../../../shared/domain/audit.ts';
import { decisionStory } from '../../../shared/domain/decision-story.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import type { Table } from '../../../shared/ports/table.ts';
import { agentEntity } from '../../../shared/store/agent-store.ts';
import { approvalEntity, getApproval } from '../../../shared/store/approval-store.ts';
import { auditChain } from '../../../shared/store/audit-store.ts';
import { getDecision } from '../../../shared/store/decision-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { shortTime } from '../../render/words.ts';
import { auditRecordOf } from '../../views/audit.ts';

export const command = worldCommand({
  noun: 'audit',
  verb: 'why',
  summary: 'the story of a decision: facts, rule, policy, approval, execution, outcome',
  detail: 'Told from the audit trail alone; nova audit verify proves that nobody rewrote it.',
  args: { decision: needed(text('the id of the decision', 'id')) },
  options: {},
  examples: ['nova audit why 01JD0000000000000000000000'],
  async run({ decision: id }, { world }) {
    const decision = await getDecision(world.table, id);
    if (!decision) throw new NovaError('not_found', `there is no decision "${id}"; nova decision list`);
    const { approvalId, agentId } = decision;
    const changes = await recordsOf(world.table, agentEntity(agentId));
    const story = decisionStory({
      decision,
      trail: await recordsOf(world.table, `decision:${id}`),
      approval: approvalId === null ? null : await getApproval(world.table, approvalId),
      approvalTrail: approvalId === null ? [] : await recordsOf(world.table, approvalEntity(approvalId)),
      changes: changes.filter(({ details }) => String(details.why ?? '').includes(id)),
    });
    return { id, agentId, status: decision.status, approvalId, story };
  },
  render: ({ story }) => story.map(({ at, sentence }) => `${shortTime(at)}  ${sentence}`).join('\n'),
});

const recordsOf = async (table: Table, entity: string): Promise<AuditRecord[]> =>
  (await auditChain(table, entity)).map(auditRecordOf);
