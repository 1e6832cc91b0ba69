/** A form that runs one act and shows beside its fields what the server says about them. */
import { ProblemError } from '@gantry/client';
import clsx from 'clsx';
import { useEffect, useRef, useState, type ReactNode, type SubmitEvent } from 'react';
import { useT } from '@/i18n';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { FieldErrors } from '@/ui/field';
import { Problem } from './problem';

export interface FormProps {
  /** Does it; what it throws is shown. */
  run: (data: FormData) => Promise<unknown>;
  children?: ReactNode;
  submit: ReactNode;
  danger?: boolean;
  wide?: boolean;
  /** Beside the submit button. */
  aside?: ReactNode;
  /** Nothing to send yet. */
  disabled?: boolean;
}

export function Form({
  run,
  children,
  submit,
  danger = false,
  wide = false,
  aside,
  disabled = false,
}: FormProps) {
  const ref = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const fields = error instanceof ProblemError ? error.fields : [];

  useEffect(() => {
    if (error !== null) ref.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [error]);

  const send = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await run(new FormData(event.currentTarget));
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const shown = [...(ref.current?.elements ?? [])].map((element) => `/${element.getAttribute('name') ?? ''}`);
  const onlyFields = fields.length > 0 && fields.every((field) => shown.includes(field.pointer));
  return (
    <FieldErrors value={fields}>
      <form
        ref={ref}
        onSubmit={(event) => void send(event)}
        className="flex flex-col gap-4"
        noValidate={false}
      >
        {children}
        {error !== null && !onlyFields && <Problem error={error} beside={shown} />}
        <div className={clsx('flex flex-wrap items-center gap-3', !wide && 'pt-1')}>
          <Button
            type="submit"
            look={danger ? 'danger' : 'primary'}
            busy={busy}
            disabled={busy || disabled}
            className={clsx(wide && 'w-full')}
          >
            {submit}
          </Button>
          {aside}
        </div>
      </form>
    </FieldErrors>
  );
}

/** The text of a field; empty is absent. */
export function text(data: FormData, name: string): string | undefined {
  const value = data.get(name);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** The text of a field that the browser has seen filled. */
export const required = (data: FormData, name: string): string => text(data, name) ?? '';

/**
 * What a form began with. What is shown around it goes on changing with the server; a form is sent with the version that its fields were filled
 * from, so that it cannot undo unseen what somebody else did meanwhile.
 */
export function useOpened<T>(now: T): T {
  return useState(now)[0];
}

/** A form in a dialog; closes when the act is done. */
export function FormDialog({
  title,
  onClose,
  intro,
  wide = false,
  ...form
}: FormProps & { title: ReactNode; onClose: () => void; intro?: ReactNode }) {
  const t = useT();
  return (
    <Dialog title={title} onClose={onClose} wide={wide}>
      {intro !== undefined && <div className="mb-4 text-soft">{intro}</div>}
      <Form
        {...form}
        wide={false}
        run={async (data) => {
          await form.run(data);
          onClose();
        }}
        aside={<Button onClick={onClose}>{t('Cancel')}</Button>}
      />
    </Dialog>
  );
}
