import { call, type Rating } from '@gantry/client';
import { useEffect, useState } from 'react';
import clsx from 'clsx';
import { api } from '@/api';
import { useT } from '@/i18n';
import { PasswordField } from '@/ui/field';

/** A password to choose, and what the server thinks of it while it is typed. */
export function NewPasswordField({
  name,
  label,
  hints = [],
}: {
  name: string;
  label: string;
  hints?: string[];
}) {
  const t = useT();
  const [typed, setTyped] = useState('');
  const [rating, setRating] = useState<Rating | null>(null);
  const known = hints.filter((hint) => hint !== '').join('\n');

  useEffect(() => {
    if (typed === '') return;
    let wanted = true;
    const timer = setTimeout(() => {
      const body = { password: typed, hints: known === '' ? [] : known.split('\n') };
      // The rating is a help; without it the form works, and the server decides.
      call(api.POST('/api/v1/auth/password-strength', { body })).then(
        (rated) => {
          if (wanted) setRating(rated);
        },
        () => {
          if (wanted) setRating(null);
        },
      );
    }, 350);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [typed, known]);

  const shown = typed === '' ? null : rating;
  return (
    <div>
      <PasswordField
        name={name}
        label={label}
        required
        minLength={12}
        maxLength={128}
        autoComplete="new-password"
        hint={t('12 characters or more. A few words that nobody else would put together are good.')}
        onChange={(event) => {
          setTyped(event.target.value);
        }}
      />
      {shown !== null && (
        <div className="mt-2" aria-live="polite">
          <div className="flex gap-1" aria-hidden>
            {[1, 2, 3, 4].map((step) => (
              <span
                key={step}
                className={clsx(
                  'h-1 flex-1 rounded-full',
                  shown.score < step ? 'bg-line' : shown.acceptable ? 'bg-ok' : 'bg-warn',
                )}
              />
            ))}
          </div>
          <p className={clsx('mt-1 text-sm', shown.acceptable ? 'text-ok' : 'text-warn')}>
            {shown.acceptable
              ? t('Good')
              : ([...shown.problems, shown.warning, ...shown.suggestions].find(Boolean) ??
                t('Too easy to guess'))}
          </p>
        </div>
      )}
    </div>
  );
}
