/** Work in several steps, of which one is open. */
import clsx from 'clsx';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import { useT } from '@/i18n';
import { Track } from './track';

export function Wizard({
  steps,
  current,
  children,
}: {
  steps: readonly string[];
  /** Place of the open step; as many as there are steps when all is done. */
  current: number;
  children: ReactNode;
}) {
  const t = useT();
  return (
    <div>
      <ol className="mb-6 flex flex-wrap gap-x-1 gap-y-2" aria-label={t('Steps')}>
        {steps.map((step, at) => {
          const state = at < current ? 'done' : at === current ? 'open' : 'ahead';
          return (
            <li
              key={step}
              aria-current={state === 'open' ? 'step' : undefined}
              className={clsx(
                'flex items-center gap-2 pr-3 text-sm',
                state === 'ahead' ? 'text-faint' : 'text-ink',
              )}
            >
              <span
                className={clsx(
                  'grid size-5.5 place-items-center rounded-full text-xs font-semibold',
                  state === 'done' && 'bg-ok-soft text-ok',
                  state === 'open' && 'bg-accent-fill text-white',
                  state === 'ahead' && 'border border-edge text-faint',
                )}
              >
                {state === 'done' ? <Check aria-hidden className="size-3.5" /> : at + 1}
              </span>
              <span className={clsx(state === 'open' && 'font-medium')}>{step}</span>
            </li>
          );
        })}
      </ol>
      {children}
    </div>
  );
}

/** How far long work has come. */
export function Progress({ done, total, label }: { done: number; total: number; label: string }) {
  const part = total === 0 ? 0 : Math.min(1, done / total);
  return (
    <div>
      <div className="mb-1.5 flex justify-between text-sm">
        <span>{label}</span>
        <span className="text-soft tabular-nums">{Math.floor(part * 100)} %</span>
      </div>
      <Track role="progressbar" label={label} value={done} most={total} />
    </div>
  );
}
