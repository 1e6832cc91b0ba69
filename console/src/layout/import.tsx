/** Taking a file, and what is wrong with its rows. */
import { FileUp } from 'lucide-react';
import { useId, useRef, useState, type ReactNode } from 'react';
import clsx from 'clsx';
import { useT } from '@/i18n';

/** A place to drop a file on, or to choose one. */
export function FileDrop({
  label,
  hint,
  accept,
  busy,
  onFile,
}: {
  label: string;
  hint: ReactNode;
  accept: string;
  busy: boolean;
  onFile: (file: File) => void;
}) {
  const t = useT();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  return (
    // Dropping is one way; the button inside is the other.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      role="group"
      aria-labelledby={id}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => {
        setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer.files[0];
        if (file && !busy) onFile(file);
      }}
      className={clsx(
        'flex flex-col items-center gap-1 rounded-xl border border-dashed px-6 py-12 text-center',
        over ? 'border-accent bg-accent-soft' : 'border-edge bg-surface',
      )}
    >
      <FileUp aria-hidden className="mb-2 size-6 text-faint" />
      <p id={id} className="font-medium">
        {label}
      </p>
      <p className="max-w-md text-sm text-soft">{hint}</p>
      <label className="mt-4 inline-flex h-9 cursor-pointer items-center rounded-md bg-accent-fill px-3.5 font-medium text-white focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-accent hover:bg-accent-fill-hover">
        {busy ? t('Uploading…') : t('Choose a file')}
        <input
          ref={input}
          type="file"
          accept={accept}
          disabled={busy}
          className="sr-only"
          onChange={(event) => {
            const file = event.target.files?.[0];
            event.target.value = '';
            if (file) onFile(file);
          }}
        />
      </label>
    </div>
  );
}
