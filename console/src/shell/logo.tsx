import { Link } from '@tanstack/react-router';

export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={className}>
      <rect width="32" height="32" rx="7" className="fill-accent-fill" />
      <path
        d="M6 11h20M9 11v13M23 11v13M16 11v6M12 17h8v4h-8z"
        className="fill-none stroke-white"
        strokeWidth="2.4"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  );
}

export function Logo() {
  return (
    <Link to="/" className="inline-flex items-center gap-2 font-semibold tracking-tight">
      <Mark className="size-6" />
      Gantry
    </Link>
  );
}
