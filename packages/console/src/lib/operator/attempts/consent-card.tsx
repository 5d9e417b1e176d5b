import type { AttemptDetail, ConsentRecord } from '../data/views.ts';
import { FactList } from '../parts/fact-list.tsx';
import { Instant } from '../parts/instant.tsx';
import { Tag } from '../parts/tag.tsx';

/** To what the guest consented, how it stands now, and what proves it. */
export function ConsentCard({ attempt: { consent, consentTimestamp, outcome } }: { readonly attempt: AttemptDetail }) {
  return (
    <section aria-labelledby="consent">
      <h3 id="consent">Consent</h3>
      {consent ? (
        <ConsentFacts record={consent} />
      ) : (
        <p class="quiet">
          {consentTimestamp === null && 'The website told of none.'}
          {consentTimestamp !== null &&
            (outcome === 'admitted'
              ? 'There is no receipt: no notice was configured for the channel, or the guest was erased.'
              : 'Nobody was let in, so there is no receipt.')}
        </p>
      )}
    </section>
  );
}

const tones = { given: 'good', withdrawn: 'warn', expired: 'idle' } as const;

function ConsentFacts({ record }: { readonly record: ConsentRecord }) {
  const { notice, consent, controller, collection } = record;
  return (
    <FactList
      facts={[
        ['State', <Tag key="state" tone={tones[consent.state]} word={consent.state} />],
        ['Notice', <NoticeName key="notice" notice={notice} />],
        ['Language', notice.language],
        ['SHA-256 of its text', <code key="hash">{notice.sha256}</code>],
        ['Purposes', record.purposes.join(', ')],
        ['Kept for', record.storageDuration],
        ['Given by', consent.method],
        ['Claimed by the website', <Instant key="claimed" at={consent.claimedAt} withDay />],
        ['Received', <Instant key="received" at={consent.receivedAt} withDay />],
        ['Expires', consent.expiresAt && <Instant at={consent.expiresAt} withDay />],
        ['Withdrawn', consent.withdrawnAt && <Instant at={consent.withdrawnAt} withDay />],
        ['Asked on', collection.origin && `${collection.origin}${collection.page ?? ''}`],
        ['Controller', `${controller.name}, ${controller.contact}`],
        ['Receipt', <code key="receipt">{record.receiptId}</code>],
        ['SHA-256 of the receipt', <code key="receipt-hash">{record.receiptSha256}</code>],
        ['How to take it back', record.withdrawal],
      ]}
    />
  );
}

/** Its address is told as words: the console leads nowhere else. */
function NoticeName({ notice: { id, version, url } }: { readonly notice: ConsentRecord['notice'] }) {
  return (
    <>
      {id}, version <strong>{version}</strong>
      {url !== null && <span class="quiet"> ({url})</span>}
    </>
  );
}
