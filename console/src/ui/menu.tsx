import clsx from 'clsx';
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';

export interface MenuItem {
  key: string;
  label: ReactNode;
  icon?: ReactNode;
  chosen?: boolean;
  danger?: boolean;
  onSelect: () => void;
}

/** A button that opens a list of acts. Arrow keys move, Escape closes, the focus comes back. */
export function Menu({
  label,
  worded = false,
  button,
  items,
  header,
  align = 'end',
  className,
}: {
  label: string;
  /** The button shows words, which name it; otherwise the label does. */
  worded?: boolean;
  button: ReactNode;
  items: readonly MenuItem[];
  header?: ReactNode;
  align?: 'start' | 'end';
  className?: string;
}) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return;
    root.current?.querySelector<HTMLElement>('[role^=menuitem]')?.focus();
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
    };
  }, [open]);

  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  const move = (event: KeyboardEvent) => {
    if (event.key === 'Escape' || event.key === 'Tab') {
      close();
      return;
    }
    const entries = [...(root.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])];
    const at = entries.indexOf(document.activeElement as HTMLElement);
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1 + entries.length,
      Home: 0,
      End: entries.length - 1,
    };
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    entries[next % entries.length]?.focus();
  };

  return (
    <div ref={root} className={clsx('relative', className)}>
      <button
        ref={opener}
        type="button"
        aria-label={worded ? undefined : label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => {
          setOpen(!open);
        }}
        className="flex w-full items-center rounded-md text-left hover:bg-hover"
      >
        {button}
      </button>
      {open && (
        <div
          className={clsx(
            'animate-appear absolute z-30 mt-1 max-h-96 min-w-52 overflow-auto rounded-lg border border-line bg-raised p-1 shadow-xl',
            align === 'end' ? 'right-0' : 'left-0',
          )}
        >
          {header}
          <div id={id} role="menu" tabIndex={-1} aria-label={label} onKeyDown={move}>
            {items.map((item) => (
              <button
                key={item.key}
                type="button"
                role={item.chosen === undefined ? 'menuitem' : 'menuitemradio'}
                aria-checked={item.chosen}
                tabIndex={-1}
                onClick={() => {
                  close();
                  item.onSelect();
                }}
                className={clsx(
                  'flex w-full items-center gap-2 rounded-md px-2 py-1.5 text-left text-sm hover:bg-hover focus:bg-hover',
                  item.danger === true && 'text-danger',
                  item.chosen === true && 'font-medium text-accent',
                )}
              >
                {item.icon}
                <span className="min-w-0 flex-1 truncate">{item.label}</span>
              </button>
            ))}
          </div>
        </div>
      )}
    </div>
  );
}
