/** Offers the visitor's passkeys among the names that the browser fills in. */
import { call, type Answer } from '@gantry/client';
import { useEffect, useRef } from 'react';
import { api } from '@/api';
import { passkeysInFields, showPasskey } from '@/passkeys';

/** Time before the end of a question at which another is asked. */
const MARGIN = 20_000;

/** Rejects when the signal says so, and resolves when somebody looks at the page. */
function looked(signal: AbortSignal): Promise<void> {
  return new Promise((seen) => {
    const look = () => {
      if (document.visibilityState === 'visible') seen();
    };
    document.addEventListener('visibilitychange', look, { signal });
    look();
  });
}

/** Asks as long as the page is there; answers what somebody chose, or null when the page has gone. */
async function offer(signal: AbortSignal): Promise<Answer | null> {
  while (!signal.aborted) {
    await looked(signal);
    const asked = await call(api.POST('/api/v1/auth/passkey-ceremonies', { body: {} }));
    const over = AbortSignal.timeout(Math.max(0, Date.parse(asked.expires_at) - Date.now() - MARGIN));
    try {
      return await showPasskey(asked, { signal: AbortSignal.any([signal, over]) });
    } catch (caught) {
      if (!over.aborted) throw caught;
    }
  }
  return null;
}

/**
 * While `wanted`, the browser lists passkeys in the field with `autocomplete="... webauthn"`. A passkey that was chosen
 * goes to `onAnswer`; a browser that cannot, or an owner who would rather not, is no failure of the page.
 */
export function usePasskeyOffer(wanted: boolean, onAnswer: (answer: Answer) => void): void {
  const listener = useRef(onAnswer);
  useEffect(() => {
    listener.current = onAnswer;
  });
  useEffect(() => {
    if (!wanted) return;
    const control = new AbortController();
    const { signal } = control;
    void passkeysInFields()
      .then((can) => (can && !signal.aborted ? offer(signal) : null))
      .then(
        (answer) => {
          if (answer !== null && !signal.aborted) listener.current(answer);
        },
        () => undefined,
      );
    return () => {
      control.abort();
    };
  }, [wanted]);
}
