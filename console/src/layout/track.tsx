/** A line that is filled as far as something has come: drawn here, as browsers' own cannot be coloured alike. */
import clsx from 'clsx';

export function Track({
  role,
  label,
  value,
  most,
  tone = 'accent',
}: {
  /** `meter`: a part of what there is; `progressbar`: work that comes to an end. */
  role: 'meter' | 'progressbar';
  label: string;
  value: number;
  most: number;
  tone?: 'accent' | 'warn' | 'danger';
}) {
  const part = most <= 0 ? 0 : Math.min(1, Math.max(0, value / most));
  return (
    <div
      role={role}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.max(most, 1)}
      aria-valuenow={Math.min(value, Math.max(most, 1))}
      className="h-1.5 w-full overflow-hidden rounded-full bg-track"
    >
      <div
        className={clsx(
          'h-full rounded-full transition-[width] duration-300',
          tone === 'accent' && 'bg-accent-fill',
          tone === 'warn' && 'bg-warn',
          tone === 'danger' && 'bg-danger-fill',
        )}
        // What is there at all is seen.
        style={{ width: part === 0 ? 0 : `max(${String(part * 100)}%, 0.375rem)` }}
      />
    </div>
  );
}
