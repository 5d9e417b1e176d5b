import { useSignal } from '@preact/signals';
import { type Answer, ask } from '../../network.ts';
import { withQuery } from '../data/query.ts';
import type { Endpoint } from '../data/views.ts';
import { Drawer } from '../parts/drawer.tsx';
import { ReasonForm } from '../parts/reason-form.tsx';
import { SecretOnce } from './secret-once.tsx';

/** What may be done to an endpoint. */
export type Deed = 'rotate' | 'disable' | 'enable' | 'remove';

interface Words {
  readonly title: string;
  readonly action: string;
  readonly what: string;
}

const words: Readonly<Record<Deed, Words>> = {
  rotate: {
    title: 'Rotate the secret',
    action: 'Make a new secret',
    what: 'Messages are signed with both secrets for a day, so that the receiver can be changed in between.',
  },
  disable: {
    title: 'Disable the endpoint',
    action: 'Disable it',
    what: 'What would be sent to it is held until it is enabled again.',
  },
  enable: { title: 'Enable the endpoint', action: 'Enable it', what: 'Deliveries to it are taken up again.' },
  remove: {
    title: 'Remove the endpoint',
    action: 'Remove it for good',
    what: 'Nothing is sent to it any more. Its deliveries stay on record.',
  },
};

export interface EndpointDialogProps {
  readonly deed: Deed;
  readonly endpoint: Endpoint;
  readonly onClose: () => void;
}

/** Does one thing to an endpoint, with a reason. */
export function EndpointDialog({ deed, endpoint, onClose }: EndpointDialogProps) {
  const { title, action, what } = words[deed];
  const releaseHeld = useSignal(true);
  const secret = useSignal<string | null>(null);
  const submit = async (reason: string) => {
    const answer = await perform(deed, { endpoint, reason, releaseHeld: releaseHeld.value });
    if (!answer.ok) return answer.problem;
    if (deed === 'rotate') secret.value = answer.body.secret ?? '';
    else onClose();
    return null;
  };
  return (
    <Drawer title={title} kind="dialog" onClose={onClose}>
      <p class="address">{endpoint.url}</p>
      {secret.value !== null ? (
        <>
          <SecretOnce secret={secret.value} note="The one before signs for a day more." />
          <div class="actions">
            <button type="button" class="main" onClick={onClose}>
              I have kept it
            </button>
          </div>
        </>
      ) : (
        <>
          <p>{what}</p>
          <ReasonForm action={action} danger={deed === 'remove'} onSubmit={submit}>
            {deed === 'enable' && (
              <label class="inline">
                <input
                  type="checkbox"
                  checked={releaseHeld.value}
                  onChange={(event) => {
                    releaseHeld.value = event.currentTarget.checked;
                  }}
                />
                Send what was held, now
              </label>
            )}
          </ReasonForm>
        </>
      )}
    </Drawer>
  );
}

interface Terms {
  readonly endpoint: Endpoint;
  readonly reason: string;
  readonly releaseHeld: boolean;
}

function perform(deed: Deed, { endpoint, reason, releaseHeld }: Terms): Promise<Answer<{ readonly secret?: string }>> {
  const path = `/v1/webhook-endpoints/${encodeURIComponent(endpoint.id)}`;
  if (deed === 'remove') return ask(withQuery(path, { reason }), { method: 'DELETE' });
  if (deed === 'enable') return ask(`${path}/enable`, { method: 'POST', body: { reason, releaseHeld } });
  return ask(`${path}/${deed === 'rotate' ? 'rotate-secret' : 'disable'}`, { method: 'POST', body: { reason } });
}
