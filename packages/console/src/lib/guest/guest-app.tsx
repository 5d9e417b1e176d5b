import { useSignal } from '@preact/signals';
import type { Clock } from 'guestpass';
import { useEffect, useMemo } from 'preact/hooks';
import { ask, type Problem } from '../network.ts';
import { type AdmissionStep, type AdmittedPass, type Notice, requestAdmission } from './admission.ts';
import { Chat } from './chat.tsx';
import { ConsentCard } from './consent-card.tsx';
import { type Conversation, codeOf, openConversation } from './conversation.ts';
import { isDead, type KeptPass, keepPass } from './kept-pass.ts';
import { visitorWords } from './visitor-words.ts';

/** What the gateway tells the page at its start. */
export interface GuestConfig {
  readonly channelId: string | null;
  readonly notice: Notice;
}

type Phase =
  | { readonly name: 'starting' }
  | { readonly name: 'unusable'; readonly words: string }
  | { readonly name: 'consent'; readonly problem: Problem | null; readonly isWithdrawn?: boolean }
  | { readonly name: 'working'; readonly step: AdmissionStep | 'connecting' }
  | { readonly name: 'chat'; readonly conversation: Conversation; readonly receipt: string | undefined };

export interface GuestAppProps {
  readonly clock: Clock;
  /** The page's own; `?channel=` names the channel. */
  readonly address: URL;
}

/** From the notice to the chat, and back when the chat has ended. */
export function GuestApp({ clock, address }: GuestAppProps) {
  const phase = useSignal<Phase>({ name: 'starting' });
  const config = useSignal<GuestConfig | null>(null);
  const stop = useMemo(() => new AbortController(), []);
  const inAddress = address.searchParams.get('channel');
  const channelId = inAddress ?? config.value?.channelId ?? null;
  const kept = useMemo(() => keepPass(sessionStorage, channelId ?? ''), [channelId]);

  const connect = async (pass: AdmittedPass) => {
    phase.value = { name: 'working', step: 'connecting' };
    phase.value = await connected(pass, { kept, clock });
  };

  const agree = async () => {
    if (channelId === null || !config.value) return;
    const asked = { channelId, notice: config.value.notice, signal: stop.signal, clock };
    const answer = await requestAdmission(asked, (step) => {
      phase.value = { name: 'working', step };
    });
    if (!answer.ok) {
      phase.value = { name: 'consent', problem: answer.problem };
      return;
    }
    kept.keep(answer.body);
    await connect(answer.body);
  };

  useEffect(() => {
    if (!isSecureContext) {
      phase.value = { name: 'unusable', words: notSecure };
      return;
    }
    void configFor(inAddress).then(async (answer) => {
      if (!answer.ok) {
        phase.value = { name: 'unusable', words: visitorWords(answer.problem) };
        return;
      }
      config.value = answer.body;
      const channel = inAddress ?? answer.body.channelId;
      const pass = keepPass(sessionStorage, channel ?? '').read();
      if (channel === null) phase.value = { name: 'unusable', words: noChannel };
      else if (pass) await connect(pass);
      else phase.value = { name: 'consent', problem: null };
    });
    return () => stop.abort();
  }, []);

  const restart = (isWithdrawn = false) => {
    kept.drop();
    phase.value = { name: 'consent', problem: null, isWithdrawn };
  };

  const now = phase.value;
  if (now.name === 'chat') {
    const { conversation, receipt } = now;
    return (
      <Chat
        conversation={conversation}
        clock={clock}
        receipt={receipt}
        onRestart={() => restart()}
        onWithdrawn={() => restart(true)}
      />
    );
  }
  return (
    <main class="entry">
      {now.name === 'unusable' && <UnusablePage words={now.words} />}
      {now.name === 'starting' && <p role="status">One moment …</p>}
      {(now.name === 'consent' || now.name === 'working') && config.value && (
        <ConsentCard
          notice={config.value.notice}
          step={now.name === 'working' ? now.step : null}
          problem={now.name === 'consent' ? now.problem : null}
          isWithdrawn={now.name === 'consent' && now.isWithdrawn === true}
          onAgree={agree}
        />
      )}
    </main>
  );
}

/** The notice may be one of the channel that the address names. */
function configFor(channel: string | null) {
  return ask<GuestConfig>(`/guest/config.json?${new URLSearchParams(channel === null ? {} : { channel })}`);
}

/** Elsewhere browsers offer neither the cryptography of the check nor workers that could do it. */
const notSecure = 'The chat needs an address that begins with https. Please contact us another way.';

const noChannel = 'This address names no channel. It should end in ?channel= and the id of one.';

function UnusablePage({ words }: { readonly words: string }) {
  return (
    <section class="card">
      <h1>Chat is not available here</h1>
      <p>{words}</p>
    </section>
  );
}

/** A pass that is good no more is forgotten; after anything else it is kept for the next reload. */
async function connected(
  pass: AdmittedPass,
  { kept, clock }: { readonly kept: KeptPass; readonly clock: Clock },
): Promise<Phase> {
  try {
    return { name: 'chat', conversation: await openConversation(pass, clock), receipt: pass.consentReceipt };
  } catch (error) {
    const code = codeOf(error);
    if (isDead(code)) kept.drop();
    return { name: 'consent', problem: { ...problemOf(code), code } };
  }
}

function problemOf(code: string): Omit<Problem, 'code'> {
  const detail =
    code === 'platform_unavailable'
      ? 'The chat cannot be reached just now. Please check your connection and try again.'
      : 'We could not start the chat. Please try again later or contact us another way.';
  return { status: 503, detail, requestId: null, retryAfterSeconds: null, faults: [] };
}
