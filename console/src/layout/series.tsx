/** Numbers over time as a line. The same numbers, by the quarter of an hour, are in a table for those who cannot see it. */
import { useId, useState, type PointerEvent } from 'react';
import { useFormat, useT } from '@/i18n';

export interface SeriesPoint {
  at: string;
  /** Null where nothing was measured: the line has a gap. */
  value: number | null;
}

const WIDTH = 400;
const HEIGHT = 96;
const QUARTER = 900_000;

/** The highest of each quarter of an hour. */
export function quarters(points: readonly SeriesPoint[]): SeriesPoint[] {
  const highest = new Map<number, number | null>();
  for (const { at, value } of points) {
    const begin = Math.floor(Date.parse(at) / QUARTER) * QUARTER;
    const known = highest.get(begin) ?? null;
    highest.set(begin, value === null ? known : Math.max(value, known ?? value));
  }
  return [...highest].map(([begin, value]) => ({ at: new Date(begin).toISOString(), value }));
}

/** Runs of points without a gap, as places in the picture. */
function runs(points: readonly SeriesPoint[], most: number): (readonly [x: number, y: number])[][] {
  const found: (readonly [number, number])[][] = [[]];
  points.forEach(({ value }, at) => {
    if (value === null) found.push([]);
    else {
      const x = (at / Math.max(1, points.length - 1)) * WIDTH;
      found.at(-1)?.push([x, HEIGHT - (value / most) * (HEIGHT - 6)]);
    }
  });
  return found.filter((run) => run.length > 0);
}

const line = (run: readonly (readonly [number, number])[]): string =>
  run.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');

export function SeriesChart({
  title,
  points,
  show,
}: {
  title: string;
  points: readonly SeriesPoint[];
  /** A value in words: its number with its unit. */
  show: (value: number) => string;
}) {
  const t = useT();
  const { clock } = useFormat();
  const id = useId();
  const [over, setOver] = useState<number | null>(null);
  const known = points.flatMap(({ value }) => (value === null ? [] : [value]));
  const most = Math.max(...known, Number.MIN_VALUE);
  const pointed = over === null ? undefined : points[over];
  const shown = pointed ?? points.at(-1);
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const at = Math.round(((event.clientX - left) / Math.max(1, width)) * (points.length - 1));
    setOver(Math.min(points.length - 1, Math.max(0, at)));
  };
  return (
    <figure aria-labelledby={id}>
      <figcaption id={id} className="flex items-baseline justify-between gap-3 text-sm text-soft">
        {title}
        <span className="text-xs text-faint tabular-nums">
          {known.length > 0 && t('at most {n}', { n: show(most) })}
        </span>
      </figcaption>
      <p aria-hidden className="mb-2 flex items-baseline gap-2">
        <span className="text-lg font-semibold tabular-nums">
          {shown?.value == null ? '–' : show(shown.value)}
        </span>
        <span className="text-xs text-faint tabular-nums">{pointed && clock(pointed.at)}</span>
      </p>
      {known.length < 2 ? (
        <p className="grid h-24 place-items-center rounded-md bg-sunken px-4 text-center text-sm text-faint">
          {t('A line begins with the second minute.')}
        </p>
      ) : (
        <svg
          viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`}
          preserveAspectRatio="none"
          className="h-24 w-full touch-none"
          aria-hidden
          onPointerMove={point}
          onPointerLeave={() => {
            setOver(null);
          }}
        >
          <line
            x1="0"
            x2={WIDTH}
            y1={HEIGHT}
            y2={HEIGHT}
            className="stroke-line"
            vectorEffect="non-scaling-stroke"
          />
          {runs(points, most).map((run) => {
            const [first, last] = [run[0]?.[0] ?? 0, run.at(-1)?.[0] ?? 0];
            return (
              <g key={first}>
                <polygon
                  points={`${first.toFixed(1)},${String(HEIGHT)} ${line(run)} ${last.toFixed(1)},${String(HEIGHT)}`}
                  className="fill-accent-soft"
                />
                <polyline
                  points={line(run)}
                  className="fill-none stroke-accent"
                  strokeWidth="1.5"
                  strokeLinejoin="round"
                  vectorEffect="non-scaling-stroke"
                />
              </g>
            );
          })}
          {over !== null && (
            <line
              x1={(over / Math.max(1, points.length - 1)) * WIDTH}
              x2={(over / Math.max(1, points.length - 1)) * WIDTH}
              y1="0"
              y2={HEIGHT}
              className="stroke-edge"
              vectorEffect="non-scaling-stroke"
            />
          )}
        </svg>
      )}
      <div aria-hidden className="mt-1.5 flex justify-between text-2xs text-faint tabular-nums">
        <span>{points[0] && clock(points[0].at)}</span>
        <span>{points.length > 1 && clock(points.at(-1)?.at ?? '')}</span>
      </div>
      <table className="sr-only">
        <caption>{t('{title}: the highest of each quarter of an hour', { title })}</caption>
        <tbody>
          {quarters(points).map(({ at, value }) => (
            <tr key={at}>
              <th scope="row">{clock(at)}</th>
              <td>{value === null ? '–' : show(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
