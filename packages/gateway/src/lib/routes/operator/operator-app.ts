import type { Clock } from 'guestpass';
import type { AuditFault, AuditProof } from 'guestpass/audit';
import type { EndpointPolicy } from 'guestpass/webhook';
import type { Events } from '../../events.ts';
import type { ClientAddress } from '../../http/client-address.ts';
import type { OperatorGate } from '../../http/operator-gate.ts';
import type { Problems } from '../../http/problem.ts';
import type { AttemptStore } from '../../store/attempts.ts';
import type { AuditStore } from '../../store/audit.ts';
import type { DeliveryStore } from '../../store/deliveries.ts';
import type { EndpointStore } from '../../store/endpoints.ts';
import type { StreamEvent } from './stream-event.ts';

/** One thing that must hold for guests to be sent here. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** One sentence, readable without a token. */
  readonly detail?: string;
}

export interface OperatorAppOptions {
  readonly attempts: AttemptStore;
  readonly audit: AuditStore;
  readonly deliveries: DeliveryStore;
  readonly endpoints: EndpointStore;
  /** What the stream tells. Disposed by its owner, which ends the streams. */
  readonly events: Events<StreamEvent>;
  readonly gate: OperatorGate;
  /** Made for the audience `operator`. */
  readonly problems: Problems;
  readonly clock: Clock;
  readonly clientAddress: ClientAddress;
  /** Looks at what this gateway needs; ready when all checks are ok. Should answer within a second, and never reject. */
  readonly readiness: () => Promise<readonly ReadinessCheck[]>;
  /** What addresses endpoints may have. Default https to public addresses. */
  readonly endpointPolicy?: EndpointPolicy;
  /** Such as the registry of prom-client. Default: there is nothing at `/metrics`. */
  readonly metrics?: { readonly contentType: string; metrics(): Promise<string> };
  /** Told what each check of the audit log found. */
  readonly onVerified?: (found: AuditProof | AuditFault) => void;
  /** Told of an error that is no refusal, under the request's id. */
  readonly onError?: (error: unknown, requestId: string) => void;
}
