import clsx from 'clsx';
import { X } from 'lucide-react';
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { useT } from '@/i18n';

interface DialogProps {
  title: ReactNode;
  onClose: () => void;
  children: ReactNode;
  /** `side` stands at the left, for navigation on small screens, `end` at the right, for what is read beside a page. */
  place?: 'middle' | 'top' | 'side' | 'end';
  wide?: boolean;
  bare?: boolean;
}

/** A modal dialog while it is rendered. The browser keeps the focus inside and gives it back afterwards. */
export function Dialog({
  title,
  onClose,
  children,
  place = 'middle',
  wide = false,
  bare = false,
}: DialogProps) {
  const t = useT();
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  const upright = place === 'side' || place === 'end';
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    // A press on the backdrop is a press on the dialog itself; the Escape key does the same for keyboards.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={ref}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
      className={clsx(
        'animate-appear bg-raised text-ink shadow-2xl',
        upright
          ? 'h-dvh max-h-none border-line'
          : 'max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] rounded-xl border border-line',
        place === 'side' && 'm-0 w-64 max-w-[85vw] border-r',
        place === 'end' && 'my-0 mr-0 ml-auto w-96 max-w-[92vw] border-l',
        place === 'middle' && 'm-auto',
        place === 'top' && 'mx-auto mt-[12vh] mb-auto',
        !upright && (wide ? 'max-w-2xl' : 'max-w-md'),
      )}
    >
      {bare ? (
        <>
          <h2 id={id} className="sr-only">
            {title}
          </h2>
          {children}
        </>
      ) : (
        <div className="p-5">
          <div className="mb-4 flex items-start justify-between gap-4">
            <h2 id={id} className="text-lg font-semibold">
              {title}
            </h2>
            <button
              type="button"
              onClick={onClose}
              aria-label={t('Close')}
              className="-m-1 rounded p-1 text-faint hover:text-ink"
            >
              <X aria-hidden className="size-4" />
            </button>
          </div>
          {children}
        </div>
      )}
    </dialog>
  );
}
