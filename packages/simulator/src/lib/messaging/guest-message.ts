import type { RateWindows } from '../rate-window.ts';
import { type Action, type AskedInSession, inSession } from './action.ts';
import type { Attachment, Attachments } from './attachments.ts';
import type { HearGuest } from './bot.ts';
import { type GuestSays, readGuestSays } from './guest-says.ts';
import type { MessagingLimits } from './limits.ts';
import { leaveConversation } from './reply.ts';
import { notice, refusal, type ServerFrame, tooManyRequests } from './server-frame.ts';
import type { Session } from './session.ts';
import { attachmentIdOf, type Draft, type MessageContent } from './structured-message.ts';

export interface GuestMessageOptions {
  readonly limits: MessagingLimits;
  /** Counts per session and second. */
  readonly rates: RateWindows;
  readonly attachments: Attachments;
  readonly hear: HearGuest;
}

/** `onMessage`: a text, a structured answer, a file, or an event of the guest. */
export function createOnMessage({ limits, rates, attachments, hear }: GuestMessageOptions): Action {
  const keep = ({ frame, session }: AskedInSession, draft: Draft) => {
    hear(session, session.add(draft, frame.tracingId));
    return [];
  };
  return inSession((asked) => {
    const { frame, session } = asked;
    const rate = rates.take(session.id);
    if (!rate.admitted) return [tooManyRequests(rate.resetSeconds, 'Message rate too high for this session')];
    if (!maySend(session)) return [signInRefusal];
    const read = readGuestSays(frame, limits);
    if (!read.ok) return [read.refusal];
    const said = read.value;
    if (isPresence(said, 'Clear')) return clear(asked, said.draft);
    if (session.state === 'readOnly') return [readOnlyRefusal];
    if (isPresence(said, 'Disconnect')) return leave(session);
    if (said.kind === 'event') {
      if (said.event.eventType !== 'Typing') return keep(asked, said.draft);
      session.mention(said.draft, frame.tracingId);
      return [];
    }
    const files = filesOf(said.content, session, attachments);
    const problem = files.map((file) => fileProblem(file)).find((refused) => refused !== undefined);
    if (problem) return [problem];
    for (const file of files) if (file) attachments.sent(file);
    return keep(asked, said.draft);
  });
}

/** `disconnectCustomer`: the guest leaves the conversation. */
export function createDisconnectCustomer(): Action {
  return inSession(({ session }) => (session.state === 'readOnly' ? [readOnlyRefusal] : leave(session)));
}

const readOnlyRefusal = refusal(409, 'The session is read-only.');

const signInRefusal = refusal(403, 'Sign in first: this deployment takes messages of authenticated guests alone.');

function maySend({ account, deployment: { auth } }: Session): boolean {
  return account !== undefined || !auth || auth.anonymousMaySend;
}

function isPresence(said: GuestSays, type: 'Clear' | 'Disconnect'): boolean {
  return said.kind === 'event' && said.event.eventType === 'Presence' && said.event.presence.type === type;
}

function leave(session: Session): readonly ServerFrame[] {
  leaveConversation(session, { originatingEntity: 'Human' });
  return [];
}

/** Ends the session and its history, and every connection of it. */
function clear({ frame, session }: AskedInSession, draft: Draft): readonly ServerFrame[] {
  if (!session.deployment.conversationClear) {
    return [refusal(403, 'Presence events Conversation Clear are not supported')];
  }
  session.mention(draft, frame.tracingId);
  session.tell(notice('SessionClearedEvent'));
  session.closeConnections();
  session.finish();
  return [];
}

function filesOf(content: readonly MessageContent[], session: Session, attachments: Attachments) {
  const ids = content.map(attachmentIdOf).filter((id) => id !== undefined);
  return ids.map((id) => attachments.get(id, session.id));
}

function fileProblem(file: Attachment | undefined): ServerFrame | undefined {
  if (!file) return refusal(4009, 'The attachment was not found.');
  if (file.state === 'expired') return refusal(4008, 'The attachment has expired.');
  if (file.state === 'uploaded' || file.state === 'sent') return undefined;
  return refusal(4010, 'The attachment was not successfully uploaded.');
}
