import { type Fault, GuestpassError, listFaults } from '../errors.ts';
import type { Draft, FileFacts } from '../messaging/actions.ts';
import type { SessionFacts } from './session-facts.ts';

/** What the platform takes; what it tells of itself wins. */
export interface SessionLimits {
  /** UTF-8 bytes of one text. Default 4,096. */
  readonly textBytes?: number | undefined;
  /** UTF-8 bytes of all names and values of custom attributes together. Default 2,048. */
  readonly attributeBytes?: number | undefined;
  /** Bytes of one file. Default 10,485,760. */
  readonly fileBytes?: number | undefined;
  /** Messages in any second. Default 5. */
  readonly messagesPerSecond?: number | undefined;
  /** Requests of any kind in any minute of one connection. Default 60. */
  readonly requestsPerMinute?: number | undefined;
  /** Pages of the history in any minute. Default 10. */
  readonly historyPagesPerMinute?: number | undefined;
}

const utf8 = new TextEncoder();
const bytesOf = (text: string) => utf8.encode(text).length;

/**
 * Refuses a message that the platform would refuse.
 *
 * @throws GuestpassError `payload_invalid` with every fault.
 */
export function checkDraft(
  { text, attributes = {}, attachmentIds }: Draft,
  limits: SessionLimits,
  facts: SessionFacts,
): void {
  const { textBytes = 4096, attributeBytes = 2048 } = limits;
  const faults: Fault[] = [];
  const carries = attachmentIds !== undefined && attachmentIds.length > 0;
  if (text.trim() === '' && !carries) faults.push({ pointer: '/text', detail: 'must not be blank' });
  if (!text.isWellFormed()) faults.push({ pointer: '/text', detail: 'must be well-formed Unicode' });
  if (bytesOf(text) > textBytes)
    faults.push({ pointer: '/text', detail: `must have at most ${textBytes} bytes in UTF-8` });
  const most = facts.maxAttributeBytes ?? attributeBytes;
  const entries = Object.entries(attributes);
  if (entries.reduce((sum, [name, value]) => sum + bytesOf(name) + bytesOf(value), 0) > most) {
    faults.push({ pointer: '/attributes', detail: `must have at most ${most} bytes of names and values in UTF-8` });
  }
  // Who is not held to the types may give something else.
  if (!entries.flat().every((text) => typeof text === 'string' && text.isWellFormed())) {
    faults.push({ pointer: '/attributes', detail: 'must be texts of well-formed Unicode' });
  }
  refuse(faults, 'The message cannot be sent');
}

/**
 * Refuses a file that the platform would refuse.
 *
 * @throws GuestpassError `payload_invalid` with every fault.
 */
export function checkFile({ name, type, size }: FileFacts, limits: SessionLimits, facts: SessionFacts): void {
  const most = facts.maxFileBytes ?? limits.fileBytes ?? 10_485_760;
  const extension = /\.[^./\\]+$/.exec(name)?.[0].toLowerCase();
  const faults: Fault[] = [];
  if (extension === undefined) faults.push({ pointer: '/name', detail: 'must have an extension, such as .pdf' });
  if (name.length >= 1024) faults.push({ pointer: '/name', detail: 'must have fewer than 1024 characters' });
  if (/[\p{Cc}/\\]/u.test(name))
    faults.push({ pointer: '/name', detail: 'must be the name of a file, without folders' });
  if (!name.isWellFormed()) faults.push({ pointer: '/name', detail: 'must be well-formed Unicode' });
  if (extension !== undefined && facts.blockedExtensions.some((blocked) => blocked.toLowerCase() === extension)) {
    faults.push({ pointer: '/name', detail: 'has an extension that the deployment does not allow' });
  }
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(type))
    faults.push({ pointer: '/type', detail: 'must be a media type, such as image/png' });
  if (size === 0) faults.push({ pointer: '/bytes', detail: 'must not be empty' });
  if (size > most) faults.push({ pointer: '/bytes', detail: `must have at most ${most} bytes` });
  refuse(faults, 'The file cannot be sent');
}

function refuse(faults: readonly Fault[], what: string): void {
  if (faults.length === 0) return;
  throw new GuestpassError('payload_invalid', `${what}: ${listFaults(faults)}.`, { faults });
}
