import { useSignal } from '@preact/signals';
import { ask } from '../../network.ts';
import { Drawer } from '../parts/drawer.tsx';
import { ReasonForm } from '../parts/reason-form.tsx';
import { SecretOnce } from './secret-once.tsx';

const eventTypes = [
  'guest.authenticated',
  'guest.refused',
  'guest.failed',
  'guest.unknown',
  'guest.erased',
  'consent.withdrawn',
];

/** Adds an endpoint, and shows its secret once. */
export function NewEndpointDialog({ onClose }: { readonly onClose: () => void }) {
  const url = useSignal('');
  const description = useSignal('');
  const chosen = useSignal<readonly string[]>([]);
  const inOrder = useSignal(false);
  const secret = useSignal<string | null>(null);
  const create = async (reason: string) => {
    const body = {
      url: url.value.trim(),
      reason,
      ...(description.value.trim() !== '' && { description: description.value.trim() }),
      ...(chosen.value.length > 0 && { eventTypes: chosen.value }),
      ...(inOrder.value && { ordering: 'guest' }),
    };
    const answer = await ask<{ readonly secret: string }>('/v1/webhook-endpoints', { method: 'POST', body });
    if (!answer.ok) return answer.problem;
    secret.value = answer.body.secret;
    return null;
  };
  const toggle = (type: string, on: boolean) => {
    chosen.value = on ? [...chosen.value, type] : chosen.value.filter((one) => one !== type);
  };
  return (
    <Drawer title="Add an endpoint" kind="dialog" onClose={onClose}>
      {secret.value !== null ? (
        <>
          <SecretOnce secret={secret.value} note="The receiver checks with it that messages come from here." />
          <div class="actions">
            <button type="button" class="main" onClick={onClose}>
              I have kept it
            </button>
          </div>
        </>
      ) : (
        <ReasonForm action="Add it" onSubmit={create}>
          <label>
            Address
            <input
              type="url"
              required
              placeholder="https://idp.example.com/hooks"
              value={url.value}
              onInput={(event) => {
                url.value = event.currentTarget.value;
              }}
            />
          </label>
          <label>
            Description
            <input
              maxLength={500}
              value={description.value}
              onInput={(event) => {
                description.value = event.currentTarget.value;
              }}
            />
          </label>
          <fieldset class="choices">
            <legend>Events; none chosen means every one</legend>
            {eventTypes.map((type) => (
              <label key={type} class="inline">
                <input
                  type="checkbox"
                  checked={chosen.value.includes(type)}
                  onChange={(event) => toggle(type, event.currentTarget.checked)}
                />
                {type}
              </label>
            ))}
          </fieldset>
          <label class="inline">
            <input
              type="checkbox"
              checked={inOrder.value}
              onChange={(event) => {
                inOrder.value = event.currentTarget.checked;
              }}
            />
            In order: each event of a guest after the one before, which may hold it back for days
          </label>
        </ReasonForm>
      )}
    </Drawer>
  );
}
