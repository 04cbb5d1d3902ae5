import type { JsonObject } from '../../shared/domain/agent.ts';
import type { AuditRecord } from '../../shared/domain/audit.ts';
import type { StoredAudit } from '../../shared/store/audit-store.ts';

export type AuditView = {
  /** `<entity>#<seq>` */
  readonly id: string;
  readonly entity: string;
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly details: JsonObject;
  readonly prevHash: string;
  readonly hash: string;
};

export function auditView({ entity, seq, at, actor, action, details, prevHash, hash }: AuditRecord): AuditView {
  const when = new Date(at).toISOString();
  return { id: `${entity}#${seq}`, entity, seq, at: when, actor, action, details: { ...details }, prevHash, hash };
}

/** What the kept bytes say. */
export const auditRecordOf = ({ bytes, hash }: StoredAudit): AuditRecord => ({
  ...(JSON.parse(bytes) as AuditRecord),
  hash,
});
