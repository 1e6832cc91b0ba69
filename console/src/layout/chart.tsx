/** Numbers as bars. The same numbers are in a table for those who cannot see them. */
import { useId } from 'react';
import { useFormat, useT } from '@/i18n';
import { Track } from './track';

export interface Bar {
  label: string;
  value: number;
}

export function BarChart({ title, unit, bars }: { title: string; unit: string; bars: readonly Bar[] }) {
  const { number } = useFormat();
  const id = useId();
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  const height = 96;
  const slot = 100 / Math.max(1, bars.length);
  return (
    <figure aria-labelledby={id}>
      <figcaption id={id} className="mb-3 text-sm text-soft">
        {title}
      </figcaption>
      <svg
        viewBox={`0 0 100 ${String(height)}`}
        preserveAspectRatio="none"
        className="h-28 w-full overflow-visible"
        aria-hidden
      >
        <line
          x1="0"
          x2="100"
          y1={height}
          y2={height}
          className="stroke-line"
          vectorEffect="non-scaling-stroke"
        />
        {bars.map((bar, at) => {
          // A day without anything is a day, too.
          const size = Math.max(1.5, (bar.value / most) * (height - 4));
          return (
            <rect
              key={bar.label}
              x={at * slot + slot * 0.14}
              width={slot * 0.72}
              y={height - size}
              height={size}
              className={bar.value === 0 ? 'fill-edge' : 'fill-accent-fill'}
            >
              <title>{`${bar.label}: ${number(bar.value)} ${unit}`}</title>
            </rect>
          );
        })}
      </svg>
      <div aria-hidden className="mt-1.5 flex justify-between text-2xs text-faint">
        <span>{bars[0]?.label}</span>
        <span>{bars.at(-1)?.label}</span>
      </div>
      <table className="sr-only">
        <caption>{title}</caption>
        <tbody>
          {bars.map((bar) => (
            <tr key={bar.label}>
              <th scope="row">{bar.label}</th>
              <td>
                {number(bar.value)} {unit}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

/** A use of what is limited. */
export function Meter({ label, used, most }: { label: string; used: number | null; most: number }) {
  const t = useT();
  const { number } = useFormat();
  return (
    <div>
      <div className="flex justify-between text-sm">
        <span>{label}</span>
        <span className="text-soft tabular-nums">
          {used === null
            ? t('at most {n}', { n: number(most) })
            : t('{n} of {most}', { n: number(used), most: number(most) })}
        </span>
      </div>
      {used !== null && (
        <div className="mt-1.5">
          <Track
            role="meter"
            label={label}
            value={used}
            most={most}
            tone={used >= most ? 'danger' : used >= most * 0.9 ? 'warn' : 'accent'}
          />
        </div>
      )}
    </div>
  );
}
