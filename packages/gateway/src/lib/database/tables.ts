import type { ErrorCode, Outcome, StageName, StageTimings } from 'guestpass';
import type { ColumnType, Generated } from 'kysely';

/** The tables that are queried row by row; see migrations/ for what each column means. */
export interface Tables {
  readonly 'guestpass.attempts': AttemptsTable;
  readonly 'guestpass.audit_records': AuditRecordsTable;
  readonly 'guestpass.webhook_endpoints': WebhookEndpointsTable;
  readonly 'guestpass.deliveries': DeliveriesTable;
  readonly 'guestpass.delivery_attempts': DeliveryAttemptsTable;
}

export interface AttemptsTable {
  readonly id: string;
  readonly number: Generated<number>;
  readonly status: 'intent' | Outcome;
  readonly owner: string;
  readonly lease_until: Date;
  readonly channel_id: string | null;
  readonly consent_timestamp: string | null;
  readonly captcha_provider: string | null;
  readonly captcha_verified: boolean | null;
  readonly captcha_score: number | null;
  readonly captcha_unavailable: boolean | null;
  readonly started_at: Date;
  readonly settled_at: Date | null;
  readonly guest_id: string | null;
  readonly stage: StageName | null;
  readonly code: ErrorCode | null;
  readonly detail: string | null;
  readonly platform_status: number | null;
  readonly retry_after_ms: number | null;
  readonly latency_ms: number | null;
  readonly duration_ms: number | null;
  readonly stages: ColumnType<StageTimings | null, string | null, string | null>;
  readonly retries: number | null;
  readonly status_codes: number[] | null;
  readonly correlation_id: string | null;
  readonly traceparent: string | null;
  readonly sealed_pass: Buffer | null;
  readonly sealed_person: Buffer | null;
  readonly guest_print: Buffer | null;
  readonly forgotten_at: Generated<Date | null>;
  readonly consent_withdrawn_at: Generated<Date | null>;
}

export interface AuditRecordsTable {
  readonly sequence: number;
  readonly event_type: string;
  readonly attempt_id: string | null;
  readonly recorded_at: Date;
  readonly line: string;
  readonly previous_hash: string;
  readonly hash: string;
}

export interface WebhookEndpointsTable {
  readonly id: string;
  readonly number: Generated<number>;
  readonly url: string;
  readonly description: string;
  readonly event_types: string[] | null;
  readonly ordering: Generated<'none' | 'guest'>;
  readonly sealed_secret: Buffer;
  readonly sealed_previous_secret: Buffer | null;
  readonly previous_secret_until: Date | null;
  readonly enabled: Generated<boolean>;
  readonly disabled_reason: string | null;
  readonly failing_since: Date | null;
  readonly failures: Generated<number>;
  readonly unwell: Generated<boolean>;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

export interface DeliveriesTable {
  readonly id: string;
  readonly number: Generated<number>;
  readonly event_id: string;
  readonly event_type: string;
  readonly attempt_id: string | null;
  readonly endpoint_id: string;
  readonly body: Buffer | null;
  readonly sealed_body: Buffer | null;
  readonly state: 'pending' | 'delivered' | 'dead' | 'held';
  readonly tries: Generated<number>;
  readonly next_at: Date | null;
  readonly behind: string | null;
  readonly created_at: Date;
  readonly settled_at: Date | null;
}

export interface DeliveryAttemptsTable {
  readonly delivery_id: string;
  readonly try: number;
  readonly started_at: Date;
  readonly duration_ms: number;
  readonly outcome: string;
  readonly response_status: number | null;
  readonly response_excerpt: string | null;
  readonly sealed_excerpt: Buffer | null;
}
