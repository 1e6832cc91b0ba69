/** Small pieces that say one thing. */
import clsx from 'clsx';
import { Check, Copy } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useT } from '@/i18n';
import { Button } from './button';

export type Tone = 'plain' | 'accent' | 'ok' | 'warn' | 'danger';

const tones: Record<Tone, string> = {
  plain: 'bg-sunken text-soft border-line',
  accent: 'bg-accent-soft text-accent border-transparent',
  ok: 'bg-ok-soft text-ok border-transparent',
  warn: 'bg-warn-soft text-warn border-transparent',
  danger: 'bg-danger-soft text-danger border-transparent',
};

export function Badge({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span
      className={clsx(
        'inline-flex items-center rounded-full border px-2 text-xs leading-5 font-medium whitespace-nowrap',
        tones[tone],
      )}
    >
      {children}
    </span>
  );
}

export function Note({
  tone = 'plain',
  title,
  children,
}: {
  tone?: Tone;
  title?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <div className={clsx('rounded-lg border px-3.5 py-3 text-sm', tones[tone])}>
      {title !== undefined && <p className="font-medium">{title}</p>}
      {children !== undefined && <div className={clsx(title !== undefined && 'mt-0.5')}>{children}</div>}
    </div>
  );
}

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={clsx('animate-pulse rounded bg-hover', className)} />;
}

/** The first letters of a name, on a quiet disc. */
export function Initials({ name, className }: { name: string; className?: string }) {
  const letters = name
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => Array.from(word)[0])
    .join('');
  return (
    <span
      aria-hidden
      className={clsx(
        'grid size-7 shrink-0 place-items-center rounded-full bg-accent-soft text-xs font-semibold text-accent uppercase',
        className,
      )}
    >
      {letters}
    </span>
  );
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const t = useT();
  const [done, setDone] = useState(false);
  return (
    <Button
      size="sm"
      aria-label={label}
      onClick={async () => {
        await navigator.clipboard.writeText(text);
        setDone(true);
      }}
    >
      {done ? <Check aria-hidden className="size-3.5" /> : <Copy aria-hidden className="size-3.5" />}
      {done ? t('Copied') : t('Copy')}
    </Button>
  );
}

/** A secret that is shown once. */
export function SecretBox({ text, label }: { text: string; label: string }) {
  return (
    <div className="flex items-center gap-2">
      <code className="min-w-0 flex-1 rounded-md border border-line bg-sunken px-2.5 py-2 font-mono text-sm break-all">
        {text}
      </code>
      <CopyButton text={text} label={label} />
    </div>
  );
}

export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="rounded border border-line bg-sunken px-1 font-sans text-2xs text-faint">{children}</kbd>
  );
}
