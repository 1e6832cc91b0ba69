/** Fields of a form. Each shows what the server says about it beside it. */
import clsx from 'clsx';
import { createContext, use, useId, useState, type InputHTMLAttributes, type ReactNode } from 'react';
import { Eye, EyeOff } from 'lucide-react';
import type { FieldError } from '@gantry/client';
import { useT } from '@/i18n';

/** What the server said about the fields of the form around. */
export const FieldErrors = createContext<readonly FieldError[]>([]);

interface Common {
  name: string;
  label: ReactNode;
  hint?: ReactNode;
  /** JSON Pointer of the field in the request, where it is not the name. */
  pointer?: string;
}

/** What the server said about this field. */
export function useFieldError(name: string, pointer: string | undefined): string | undefined {
  const errors = use(FieldErrors);
  const wanted = pointer ?? `/${name}`;
  const found = errors.filter((error) => error.pointer === wanted || error.pointer.startsWith(`${wanted}/`));
  return found.length === 0 ? undefined : found.map((error) => error.detail).join('; ');
}

/** A label, the field below it, and what is to say about it. For fields that are not inputs of the browser. */
export function Frame({
  id,
  label,
  hint,
  error,
  children,
}: {
  id: string;
  label: ReactNode;
  hint: ReactNode;
  error: string | undefined;
  children: ReactNode;
}) {
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-sm font-medium text-ink">
        {label}
      </label>
      {children}
      {error !== undefined ? (
        <p id={`${id}-error`} className="text-sm text-danger">
          {error}
        </p>
      ) : (
        hint !== undefined && (
          <p id={`${id}-hint`} className="text-sm text-faint">
            {hint}
          </p>
        )
      )}
    </div>
  );
}

/** What a field has to say to those who hear it. */
export function described(id: string, hint: ReactNode, error: string | undefined) {
  const by = error !== undefined ? `${id}-error` : hint !== undefined ? `${id}-hint` : undefined;
  return { 'aria-invalid': error !== undefined, 'aria-describedby': by };
}

export function TextField({
  name,
  label,
  hint,
  pointer,
  className,
  ...rest
}: Common & Omit<InputHTMLAttributes<HTMLInputElement>, 'name'>) {
  const id = useId();
  const error = useFieldError(name, pointer);
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <input
        id={id}
        name={name}
        className={clsx('field-box', className)}
        {...described(id, hint, error)}
        {...rest}
      />
    </Frame>
  );
}

export function PasswordField({
  name,
  label,
  hint,
  pointer,
  ...rest
}: Common & Omit<InputHTMLAttributes<HTMLInputElement>, 'name' | 'type'>) {
  const id = useId();
  const t = useT();
  const error = useFieldError(name, pointer);
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <div className="relative">
        <input
          id={id}
          name={name}
          type={shown ? 'text' : 'password'}
          className="field-box pr-9"
          {...described(id, hint, error)}
          {...rest}
        />
        <button
          type="button"
          onClick={() => {
            setShown(!shown);
          }}
          aria-pressed={shown}
          aria-label={t('Show password')}
          className="absolute inset-y-0 right-0 grid w-9 place-items-center text-faint hover:text-ink"
        >
          <Icon aria-hidden className="size-4" />
        </button>
      </div>
    </Frame>
  );
}

export interface Choice {
  value: string;
  label: string;
}

export function SelectField({
  name,
  label,
  hint,
  pointer,
  choices,
  ...rest
}: Common & { choices: readonly Choice[] } & Omit<React.SelectHTMLAttributes<HTMLSelectElement>, 'name'>) {
  const id = useId();
  const error = useFieldError(name, pointer);
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <Select id={id} name={name} choices={choices} {...described(id, hint, error)} {...rest} />
    </Frame>
  );
}

/** A select on its own, for filters; give it an `aria-label`. */
export function Select({
  choices,
  className,
  ...rest
}: { choices: readonly Choice[] } & React.SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <select className={clsx('field-box select-box', className)} {...rest}>
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}

export function AreaField({
  name,
  label,
  hint,
  pointer,
  className,
  ...rest
}: Common & Omit<React.TextareaHTMLAttributes<HTMLTextAreaElement>, 'name'>) {
  const id = useId();
  const error = useFieldError(name, pointer);
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <textarea
        id={id}
        name={name}
        rows={3}
        className={clsx('field-box h-auto py-2', className)}
        {...described(id, hint, error)}
        {...rest}
      />
    </Frame>
  );
}

export function CheckField({
  label,
  hint,
  ...rest
}: { label: ReactNode; hint?: ReactNode } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5">
      <input
        id={id}
        type="checkbox"
        className="mt-0.5 size-4 accent-accent-fill"
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        {...rest}
      />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint !== undefined && (
          <p id={`${id}-hint`} className="text-sm text-faint">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}
