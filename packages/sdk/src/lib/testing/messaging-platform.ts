import type { Exchange, HttpRequest } from '../http/exchange.ts';
import type { TransportError } from '../messaging/transport.ts';
import { manualClock } from './manual-clock.ts';
import { memoryTransport, type Peer } from './memory-socket.ts';

const begins = Date.parse('2026-01-15T10:30:00Z');

/** What a guest's end asked for. */
export interface Asked {
  readonly action: string;
  readonly tracingId?: string;
  readonly startNew?: boolean;
  readonly attachmentId?: string;
  readonly token?: string;
  readonly data?: { readonly code: string };
  readonly message?: { readonly type: string; readonly text?: string };
}

export type Frame = Readonly<Record<string, unknown>>;
/** What the platform says to a request, before what it would say by itself; `undefined` leaves that to it. */
export type Behavior = (asked: Asked, platform: MessagingPlatform) => readonly Frame[] | undefined;

export const frame = (name: string, body: unknown, code = 200): Frame => ({ class: name, code, body });
/** A refusal whose words must be repeated nowhere. */
export const refused = (code: number): Frame => frame('string', 'no hunter2', code);

/** A small platform in memory: one conversation, told to whoever is connected. */
export class MessagingPlatform {
  readonly clock = manualClock(begins);
  readonly peers: Peer[] = [];
  readonly asked: Asked[] = [];
  readonly requests: HttpRequest[] = [];
  readonly history: Frame[] = [];
  readonly dialedAt: number[] = [];
  behave: Behavior = () => undefined;
  /** Why the next openings fail. */
  readonly refusals: TransportError[] = [];
  answerHttp: Exchange = async () => this.#page();
  session: Frame = {};

  readonly transport = memoryTransport((peer) => {
    this.dialedAt.push(this.clock.monotonic());
    const refusal = this.refusals.shift();
    if (refusal) throw refusal;
    this.peers.push(peer);
    peer.onText = (text) => this.#receive(JSON.parse(text));
  });

  readonly exchange: Exchange = async (request) => {
    this.requests.push(request);
    return this.answerHttp(request);
  };

  get peer(): Peer | undefined {
    return this.peers.at(-1);
  }

  tell(answer: Frame, tracingId?: string): void {
    this.peer?.send(JSON.stringify({ ...answer, ...(tracingId !== undefined && { tracingId }) }));
  }

  store(text: string, direction: 'Inbound' | 'Outbound' = 'Outbound', more: Frame = {}): Frame {
    const time = new Date(begins + this.history.length * 1000).toISOString();
    const body = { id: `m-${this.history.length}`, type: 'Text', text, direction, channel: { time }, ...more };
    this.history.push(body);
    return frame('StructuredMessage', body);
  }

  #receive(asked: Asked): void {
    this.asked.push(asked);
    for (const answer of this.behave(asked, this) ?? this.#usual(asked)) this.tell(answer, asked.tracingId);
  }

  #usual({ action, message, attachmentId }: Asked): readonly Frame[] {
    if (action === 'configureSession' || action === 'configureAuthenticatedSession') {
      const newSession = this.history.length === 0;
      return [frame('SessionResponse', { connected: true, newSession, ...this.session })];
    }
    if (action === 'getJwt')
      return [frame('JwtResponse', { jwt: `jwt-${this.asked.length}`, exp: begins / 1000 + 60 })];
    if (action === 'closeSession') return [frame('SessionResponse', { connected: false })];
    if (action === 'echo') return [frame('StructuredMessage', { id: 'pong', type: 'Text', text: 'ping' })];
    if (action === 'getAttachment' || action === 'onAttachment') {
      return [
        frame('PresignedUrlResponse', { attachmentId, url: 'https://files.test/a', headers: { 'X-Amz-Tagging': 'k' } }),
      ];
    }
    return message?.type === 'Text' ? [this.store(message.text ?? '', 'Inbound')] : [];
  }

  #page() {
    const entities = this.history.toReversed();
    const body = new TextEncoder().encode(JSON.stringify({ entities, total: entities.length }));
    return { status: 200, headers: {}, body };
  }
}
