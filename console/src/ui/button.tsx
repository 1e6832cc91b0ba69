import { Link, type LinkProps } from '@tanstack/react-router';
import clsx from 'clsx';
import { LoaderCircle } from 'lucide-react';
import type { ButtonHTMLAttributes, ReactNode } from 'react';

type Look = 'primary' | 'secondary' | 'ghost' | 'danger';

const base =
  'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors select-none';
const sizes = { md: 'h-9 px-3.5 text-base', sm: 'h-8 px-2.5 text-sm', icon: 'size-8' };
const looks: Record<Look, string> = {
  primary: 'bg-accent-fill text-white hover:bg-accent-fill-hover',
  secondary: 'border border-edge bg-surface text-ink hover:bg-hover',
  ghost: 'text-soft hover:bg-hover hover:text-ink',
  danger: 'bg-danger-fill text-white hover:bg-danger-fill-hover',
};

interface Shape {
  look?: Look;
  size?: keyof typeof sizes;
}

export type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & Shape & { busy?: boolean };

export function Button({ look = 'secondary', size = 'md', busy, children, className, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled ?? busy ?? false}
      aria-busy={busy}
      className={clsx(base, sizes[size], looks[look], 'disabled:opacity-60', className)}
    >
      {busy === true && <LoaderCircle aria-hidden className="size-4 animate-spin" />}
      {children}
    </button>
  );
}

/** A link that looks like a button, because it goes somewhere. */
export function LinkButton({
  look = 'secondary',
  size = 'md',
  children,
  className,
  ...rest
}: LinkProps & Shape & { children: ReactNode; className?: string; onClick?: () => void }) {
  return (
    <Link {...rest} className={clsx(base, sizes[size], looks[look], className)}>
      {children}
    </Link>
  );
}
