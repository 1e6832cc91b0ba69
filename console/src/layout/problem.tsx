/** A failure, shown where it happened: what it was, what to do, and the id that finds it in the server's log. */
import { NetworkError, ProblemError } from '@gantry/client';
import { CircleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useT, type T } from '@/i18n';
import { PasskeyError, type PasskeyTrouble } from '@/passkeys';
import { Button, LinkButton } from '@/ui/button';

function words(error: unknown, t: T): { title: string; detail: string } {
  if (error instanceof ProblemError) {
    const { title, detail } = error.problem;
    const wait = error.retryAfter;
    const later = wait === null ? '' : ` ${t('Try again in {wait}.', { wait: span(wait, t) })}`;
    return { title, detail: `${sentence(detail ?? '')}${later}` };
  }
  if (error instanceof NetworkError) {
    return {
      title: t('The server cannot be reached'),
      detail: t('A change may or may not have been made. Look before you repeat it.'),
    };
  }
  if (error instanceof PasskeyError) return passkeyWords(error.trouble, t);
  return {
    title: t('Something went wrong on this page'),
    detail: error instanceof Error ? error.message : String(error),
  };
}

function passkeyWords(trouble: PasskeyTrouble, t: T): { title: string; detail: string } {
  const words = {
    declined: {
      title: t('No passkey was used'),
      detail: t('It was declined, took too long, or there is none for this account on this device.'),
    },
    known: {
      title: t('This passkey is registered already'),
      detail: t('Choose another device, or use the one you have.'),
    },
    failed: {
      title: t('The browser could not use a passkey here'),
      detail: t('Try another browser or device, or another way.'),
    },
  };
  return words[trouble];
}

/** The API's details are lower case without a full stop. */
function sentence(text: string): string {
  if (text === '') return '';
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

function span(seconds: number, t: T): string {
  const minutes = Math.ceil(seconds / 60);
  return seconds < 90
    ? t('{n} seconds', { n: Math.ceil(seconds) })
    : minutes < 90
      ? t('{n} minutes', { n: minutes })
      : t('{n} hours', { n: Math.ceil(minutes / 60) });
}

/** Fields of a form show their own part; `beside` says that they do, and hides it here. */
export function Problem({
  error,
  retry,
  beside = [],
}: {
  error: unknown;
  retry?: () => void;
  beside?: readonly string[];
}) {
  const t = useT();
  const { title, detail } = words(error, t);
  const problem = error instanceof ProblemError ? error : null;
  const others = problem?.fields.filter((field) => !beside.includes(field.pointer)) ?? [];
  return (
    <div
      role="alert"
      className="flex gap-2.5 rounded-lg border border-transparent bg-danger-soft px-3.5 py-3 text-sm text-ink"
    >
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-danger" />
      <div className="min-w-0 flex-1">
        <p className="font-medium text-danger">{title}</p>
        {detail !== '' && <p className="mt-0.5 break-words">{detail}</p>}
        {others.length > 0 && (
          <ul className="mt-1 list-disc pl-4">
            {others.map((field) => (
              <li key={`${field.pointer}${field.code}`}>
                <code className="font-mono text-xs">{field.pointer}</code> {field.detail}
              </li>
            ))}
          </ul>
        )}
        {problem !== null && (
          <p className="mt-1.5 flex flex-wrap gap-x-3 text-xs text-soft">
            <a className="underline" href={`/errors/${problem.code}`} target="_blank" rel="noreferrer">
              {problem.code}
            </a>
            {problem.requestId !== '' && (
              <span>
                {t('Request')} <code className="font-mono break-all">{problem.requestId}</code>
              </span>
            )}
          </p>
        )}
        {problem?.code === 'second_factor_required' && (
          <LinkButton size="sm" className="mt-2.5" to="/account/security">
            {t('Add a second factor')}
          </LinkButton>
        )}
        {retry && (
          <Button size="sm" className="mt-2.5" onClick={retry}>
            {t('Try again')}
          </Button>
        )}
      </div>
    </div>
  );
}

/** Nothing there yet, and what to do about it. */
export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon?: ReactNode;
  title: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-center gap-1 px-6 py-14 text-center">
      {icon !== undefined && (
        <div className="mb-2 grid size-10 place-items-center rounded-lg border border-line bg-surface text-faint [&>svg]:size-5">
          {icon}
        </div>
      )}
      <p className="font-medium">{title}</p>
      {children !== undefined && <p className="max-w-sm text-sm text-soft">{children}</p>}
      {action !== undefined && <div className="mt-4">{action}</div>}
    </div>
  );
}
