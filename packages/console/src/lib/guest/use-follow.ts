import { useSignalEffect } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Conversation } from './conversation.ts';

/** So near its end, in pixels, a list counts as read to its end. */
const nearPx = 80;

/** Keeps the end of the messages in sight, unless the visitor reads further up; what the visitor says leads back there. */
export function useFollow(
  list: RefObject<HTMLElement | null>,
  { messages, outgoing, typing }: Pick<Conversation, 'messages' | 'outgoing' | 'typing'>,
): void {
  const follows = useRef(true);
  const said = useRef(0);
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    let before = 0;
    const onScroll = () => {
      const { scrollTop, scrollHeight, clientHeight } = element;
      const isAtEnd = scrollHeight - scrollTop - clientHeight < nearPx;
      // On its way down it is short of the end for a while.
      if (isAtEnd || scrollTop < before) follows.current = isAtEnd;
      before = scrollTop;
    };
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => element.removeEventListener('scroll', onScroll);
  }, []);
  useSignalEffect(() => {
    void [messages.value, typing.value];
    if (outgoing.value.length > said.current) follows.current = true;
    said.current = outgoing.value.length;
    if (follows.current) requestAnimationFrame(() => list.current?.scrollTo({ top: list.current.scrollHeight }));
  });
}
