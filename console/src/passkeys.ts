/** Passkeys: what the browser is asked for, and what it says when nothing comes of it. */
import type { Answer, Asked } from '@gantry/client';

/** Why the browser gave no passkey: its owner said no, it has this one already, or it cannot here. */
export type PasskeyTrouble = 'declined' | 'known' | 'failed';

export class PasskeyError extends Error {
  override readonly name = 'PasskeyError';

  constructor(
    readonly trouble: PasskeyTrouble,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : 'the browser gave no passkey', { cause });
  }
}

const isAddress = (host: string): boolean => /^[0-9.]+$/.test(host) || host.startsWith('[');

/** Whether there can be passkeys on this page: browsers keep them for a host name, and for pages nobody can change. */
export function passkeysWork(): boolean {
  return (
    window.isSecureContext &&
    !isAddress(location.hostname) &&
    'PublicKeyCredential' in window &&
    'parseRequestOptionsFromJSON' in PublicKeyCredential
  );
}

/** Whether the browser offers passkeys where it fills in names. */
export async function passkeysInFields(): Promise<boolean> {
  return (
    passkeysWork() &&
    'isConditionalMediationAvailable' in PublicKeyCredential &&
    (await PublicKeyCredential.isConditionalMediationAvailable())
  );
}

const troubles: Record<string, PasskeyTrouble> = { NotAllowedError: 'declined', InvalidStateError: 'known' };

async function answerOf(asked: Asked, credential: Promise<Credential | null>): Promise<Answer> {
  let given: Credential | null;
  try {
    given = await credential;
  } catch (cause) {
    // Given up by the page itself, which knows why.
    if (cause instanceof Error && cause.name === 'AbortError') throw cause;
    throw new PasskeyError(troubles[cause instanceof Error ? cause.name : ''] ?? 'failed', cause);
  }
  if (!(given instanceof PublicKeyCredential)) throw new PasskeyError('declined', null);
  return { ceremony: asked.ceremony, credential: given.toJSON() as Record<string, unknown> };
}

/** Makes a passkey, with whatever its owner has at hand. */
export function makePasskey(asked: Asked): Promise<Answer> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    asked.public_key as unknown as PublicKeyCredentialCreationOptionsJSON,
  );
  return answerOf(asked, navigator.credentials.create({ publicKey }));
}

/** Asks for a passkey. With `quietly` the browser offers it in the fields of the page and waits, until `signal` ends that. */
export function showPasskey(asked: Asked, quietly?: { signal: AbortSignal }): Promise<Answer> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    asked.public_key as unknown as PublicKeyCredentialRequestOptionsJSON,
  );
  const options: CredentialRequestOptions = quietly
    ? { publicKey, mediation: 'conditional', signal: quietly.signal }
    : { publicKey };
  return answerOf(asked, navigator.credentials.get(options));
}

/** What somebody may call the passkey that they make here. */
export function thisDevice(agent: string): string | undefined {
  const names: readonly (readonly [part: string, name: string])[] = [
    ['iPhone', 'iPhone'],
    ['iPad', 'iPad'],
    ['Android', 'Android'],
    ['Macintosh', 'Mac'],
    ['Windows', 'Windows'],
    ['Linux', 'Linux'],
  ];
  return names.find(([part]) => agent.includes(part))?.[1];
}
