import * as z from 'zod';
import { type Action, type AskedInSession, inSession } from './action.ts';
import type { Attachment, Attachments } from './attachments.ts';
import { readFields } from './client-frame.ts';
import type { Deployment } from './deployment.ts';
import type { FileAddresses } from './file-addresses.ts';
import type { MessagingLimits } from './limits.ts';
import { notice, refusal, response, type ServerFrame } from './server-frame.ts';

export interface AttachmentActionsOptions {
  readonly attachments: Attachments;
  readonly addresses: FileAddresses;
  readonly limits: MessagingLimits;
}

const announceFields = z.looseObject({
  // It becomes part of an address.
  attachmentId: z
    .string()
    .min(1)
    .max(256)
    .refine((id) => id.isWellFormed())
    .optional(),
  fileName: z.string(),
  fileType: z.string(),
  fileSize: z.int().min(0).optional(),
  fileMd5: z.string().optional(),
  errorsAsJson: z.boolean().optional(),
});

type Announced = z.infer<typeof announceFields>;

/** `onAttachment`: an address to put a file to, or why the file is not wanted. */
export function createOnAttachment({ attachments, addresses, limits }: AttachmentActionsOptions): Action {
  return inSession(({ frame, connection, session }) => {
    const fields = readFields(announceFields, frame);
    if (!fields.ok) return [fields.refusal];
    if (session.state === 'readOnly') return [refusal(409, 'The session is read-only.')];
    const announced = fields.value;
    const problem = problemOf(announced, session.deployment, limits);
    if (problem) return [generateUrlError(announced, problem)];
    const { attachmentId, fileName, fileType, fileSize, fileMd5 } = announced;
    const file = attachments.announce({
      sessionId: session.id,
      id: attachmentId,
      fileName,
      fileType,
      fileSize,
      fileMd5,
    });
    if (!file) return [generateUrlError(announced, [400, 'The attachment id is taken.'])];
    const url = addresses.make('PUT', file.id, connection.baseUrl);
    const headers = { 'x-amz-tagging': file.tagging };
    return [response('PresignedUrlResponse', { ...presigned(file, url, headers), ...(fileSize && { fileSize }) })];
  });
}

/** `getAttachment`: a fresh address to fetch a file from. */
export function createGetAttachment({ attachments, addresses }: AttachmentActionsOptions): Action {
  return withFile(attachments, ({ connection, file }) => {
    if (file.state === 'expired') return [refusal(4008, 'The attachment has expired.')];
    if (!file.bytes) return [refusal(4010, 'The attachment was not successfully uploaded.')];
    const url = addresses.make('GET', file.id, connection.baseUrl);
    return [response('PresignedUrlResponse', { ...presigned(file, url, {}), fileSize: file.bytes.byteLength })];
  });
}

/** `deleteAttachment`: takes a file back that was not sent. */
export function createDeleteAttachment({ attachments }: AttachmentActionsOptions): Action {
  return withFile(attachments, ({ file }) => {
    if (file.state === 'sent') return [refusal(400, 'The attachment was sent, and stays.')];
    attachments.remove(file);
    return [notice('AttachmentDeletedResponse', { attachmentId: file.id })];
  });
}

const fileFields = z.looseObject({ attachmentId: z.string().min(1) });

function withFile(
  attachments: Attachments,
  action: (asked: AskedInSession & { readonly file: Attachment }) => readonly ServerFrame[],
): Action {
  return inSession((asked) => {
    const fields = readFields(fileFields, asked.frame);
    if (!fields.ok) return [fields.refusal];
    const file = attachments.get(fields.value.attachmentId, asked.session.id);
    return file ? action({ ...asked, file }) : [refusal(4009, 'The attachment was not found.')];
  });
}

function presigned({ id, fileName, fileType }: Attachment, url: string, headers: object) {
  return { attachmentId: id, url, headers, fileName, fileType };
}

const printableAscii = /^[\x20-\x7e]+$/;

type Problem = readonly [errorCode: number, errorMessage: string];

function problemOf(file: Announced, deployment: Deployment, limits: MessagingLimits): Problem | undefined {
  const { fileName, fileType, fileSize } = file;
  const extension = /[^./\\]+(\.[^./\\]+)$/.exec(fileName)?.[1]?.toLowerCase();
  const kilobytes = limits.fileKilobytes;
  if (!deployment.attachments) return [4000, 'Attachments are not available for this deployment.'];
  if (fileName.length >= limits.fileNameLength) return [4005, 'The file name is too long.'];
  if (extension === undefined) return [4004, 'The file name is not valid: it needs an extension.'];
  // Both stand in headers when the file is fetched.
  if (!fileName.isWellFormed()) return [4004, 'The file name is not valid: it is not well-formed Unicode.'];
  if (!printableAscii.test(fileType)) return [4001, 'The type is no media type.'];
  if (deployment.blockedExtensions.includes(extension)) return [4001, `Files ending in ${extension} are refused.`];
  if (!isAllowed(fileType, deployment.fileTypes)) return [4001, 'Files of this type are refused.'];
  if (fileSize === 0) return [4102, 'The file is empty.'];
  if ((fileSize ?? 0) > kilobytes * 1024) return [4002, `The file is larger than ${kilobytes} kB.`];
  return undefined;
}

function isAllowed(fileType: string, allowed: readonly string[]): boolean {
  const [family] = fileType.split('/');
  return allowed.some((type) => type === '*/*' || type === fileType || type === `${family}/*`);
}

function generateUrlError({ attachmentId, errorsAsJson }: Announced, [errorCode, errorMessage]: Problem): ServerFrame {
  if (!errorsAsJson) return refusal(errorCode, errorMessage);
  return notice('GenerateUrlError', { ...(attachmentId !== undefined && { attachmentId }), errorCode, errorMessage });
}
