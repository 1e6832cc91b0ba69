/** The plan of a hall as a picture: seats that can be reached by arrow keys, and what stands around them. */
import type { Drawing } from '@gantry/client';
import clsx from 'clsx';
import { useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import { useT } from '@/i18n';
import { neighbour, same, SEAT, type Box, type Item, type Placed, type Shape } from './drawing';

/** How a seat is now. `off` is what cannot be sold. */
export type Look = 'free' | 'held' | 'taken' | 'off' | 'plain';

const fills: Record<Look, string> = {
  free: 'fill-ok-soft stroke-ok',
  held: 'fill-warn-soft stroke-warn',
  taken: 'fill-accent-fill stroke-accent-fill',
  off: 'fill-sunken stroke-edge',
  plain: 'fill-surface stroke-edge',
};
const words: Record<Look, string> = {
  free: 'fill-ok',
  held: 'fill-warn',
  taken: 'fill-white',
  off: 'fill-faint',
  plain: 'fill-ink',
};

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Pixels that a step has at least and at most: labels can be read, and a small hall is not a poster. */
const LEAST = 8;
const MOST = 15;

export interface SeatMark {
  label: string;
  look: Look;
  /** How it is, for those who cannot see the colour. */
  said: string;
}

export interface FloorProps {
  drawing: Drawing;
  mark: (seat: string) => SeatMark | null;
  selected: Item | null;
  onSelect: (item: Item | null) => void;
  /** For drawing: shapes can be selected, and things follow the pointer. */
  onDrag?: (item: Item, by: { dx: number; dy: number }, going: boolean) => void;
  /** What else a key does to what has the focus; true when it did something. */
  onKey?: (event: KeyboardEvent, item: Item) => boolean;
}

export function Floor({ drawing, mark, selected, onSelect, onDrag, onKey }: FloorProps) {
  const t = useT();
  const svg = useRef<SVGSVGElement>(null);
  const [at, setAt] = useState<string | null>(null);
  const drag = useRef<{ item: Item; x: number; y: number; moved: boolean } | null>(null);
  const { seats, shapes, width, height } = drawing;
  const edits = onDrag !== undefined;
  // One seat is in the order of Tab; arrow keys lead to the others.
  const entry = seats.some(({ seat_id }) => seat_id === at) ? at : (seats[0]?.seat_id ?? null);

  const stepsOf = (event: PointerEvent): { x: number; y: number } => {
    const box = svg.current?.getBoundingClientRect();
    if (!box) return { x: 0, y: 0 };
    return {
      x: ((event.clientX - box.left) / box.width) * width,
      y: ((event.clientY - box.top) / box.height) * height,
    };
  };
  const go = (seat: string) => {
    setAt(seat);
    svg.current?.querySelector<SVGGElement>(`[data-seat="${seat}"]`)?.focus();
  };
  const keys = (event: KeyboardEvent, item: Item) => {
    if (onKey?.(event, item) === true) {
      event.preventDefault();
      return;
    }
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onSelect(item);
      return;
    }
    const way = arrows[event.key];
    if (!way || item.kind !== 'seat') return;
    event.preventDefault();
    const next = neighbour(seats, item.id, way);
    if (next !== null) go(next);
  };
  const dragging = (item: Item) =>
    edits
      ? {
          onPointerDown: (event: PointerEvent<SVGGElement>) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            drag.current = { item, ...stepsOf(event), moved: false };
            onSelect(item);
          },
          onPointerMove: (event: PointerEvent<SVGGElement>) => {
            const held = drag.current;
            if (!held || !same(held.item, item)) return;
            const here = stepsOf(event);
            const by = { dx: here.x - held.x, dy: here.y - held.y };
            if (!held.moved && Math.abs(by.dx) + Math.abs(by.dy) < 1) return;
            onDrag(item, by, held.moved);
            drag.current = { ...held, moved: true };
          },
          onPointerUp: () => {
            drag.current = null;
          },
          onPointerCancel: () => {
            drag.current = null;
          },
        }
      : {};

  return (
    <div className="overflow-auto overscroll-contain p-3">
      <svg
        ref={svg}
        role="group"
        aria-label={t('Seat map')}
        viewBox={`0 0 ${String(Math.max(width, 1))} ${String(Math.max(height, 1))}`}
        className={clsx('mx-auto block', edits && 'rounded-md bg-canvas outline outline-line')}
        style={{
          minWidth: width * LEAST,
          maxWidth: width * MOST,
          width: '100%',
          aspectRatio: `${String(width)} / ${String(height)}`,
        }}
        onPointerDown={(event) => {
          if (event.target === svg.current) onSelect(null);
        }}
      >
        {edits && <Grid width={width} height={height} />}
        {shapes.map((shape, place) => {
          const item: Item = { kind: 'shape', at: place };
          const chosen = same(selected, item);
          const picture = <ShapePicture shape={shape} selected={chosen} />;
          return edits ? (
            <g
              key={place}
              role="button"
              tabIndex={0}
              aria-pressed={chosen}
              aria-label={shape.text ?? t(kindWord(shape.kind))}
              className="group cursor-move touch-none outline-none"
              onKeyDown={(event) => {
                keys(event, item);
              }}
              onFocus={() => {
                onSelect(item);
              }}
              {...dragging(item)}
            >
              {picture}
            </g>
          ) : (
            <g key={place}>{picture}</g>
          );
        })}
        {seats.map((seat) => {
          const found = mark(seat.seat_id);
          if (found === null) return null;
          const item: Item = { kind: 'seat', id: seat.seat_id };
          const chosen = same(selected, item);
          return (
            <g
              key={seat.seat_id}
              role="button"
              data-seat={seat.seat_id}
              tabIndex={seat.seat_id === entry ? 0 : -1}
              aria-pressed={chosen}
              aria-label={found.said === '' ? found.label : `${found.label}, ${found.said}`}
              className={clsx('group outline-none', edits ? 'cursor-move touch-none' : 'cursor-pointer')}
              onFocus={() => {
                setAt(seat.seat_id);
                if (edits) onSelect(item);
              }}
              onClick={() => {
                if (!edits) onSelect(item);
              }}
              onKeyDown={(event) => {
                keys(event, item);
              }}
              {...dragging(item)}
            >
              <SeatPicture seat={seat} mark={found} selected={chosen} />
            </g>
          );
        })}
      </svg>
    </div>
  );
}

/** Around what is selected, and around what has the focus of the keyboard. Something thin can be pressed there, too. */
function Ring({ x, y, width, height, selected }: Box & { selected: boolean }) {
  return (
    <rect
      x={x - 0.5}
      y={y - 0.5}
      width={width + 1}
      height={height + 1}
      rx="1"
      strokeWidth="0.28"
      className={clsx(
        'fill-transparent group-focus-visible:stroke-accent',
        selected && 'stroke-accent group-focus-visible:[stroke-width:0.45]',
      )}
    />
  );
}

function SeatPicture({ seat, mark, selected }: { seat: Placed; mark: SeatMark; selected: boolean }) {
  const { x, y, turned } = seat;
  const middle = SEAT / 2;
  const long = mark.label.length > 4;
  return (
    <>
      <Ring x={x} y={y} width={SEAT} height={SEAT} selected={selected} />
      <g transform={`rotate(${String(turned)} ${String(x + middle)} ${String(y + middle)})`}>
        {/* The back of the chair: which way one sits. */}
        <rect
          x={x + 0.7}
          y={y + SEAT - 0.35}
          width={SEAT - 1.4}
          height="0.6"
          rx="0.3"
          className={fills[mark.look]}
          strokeWidth="0.12"
        />
        <rect
          x={x + 0.15}
          y={y + 0.15}
          width={SEAT - 0.3}
          height={SEAT - 0.5}
          rx="0.7"
          className={fills[mark.look]}
          strokeWidth="0.14"
          strokeDasharray={mark.look === 'held' ? '0.5 0.35' : undefined}
        />
      </g>
      <text
        x={x + middle}
        y={y + middle - 0.05}
        textAnchor="middle"
        dominantBaseline="central"
        fontSize={long ? 0.95 : 1.25}
        className={clsx('pointer-events-none font-semibold tabular-nums select-none', words[mark.look])}
        textDecoration={mark.look === 'off' ? 'line-through' : undefined}
        {...(mark.label.length > 6 ? { textLength: SEAT - 0.7, lengthAdjust: 'spacingAndGlyphs' } : {})}
      >
        {mark.label}
      </text>
    </>
  );
}

const shapeFills: Record<Shape['kind'], string> = {
  wall: 'fill-edge',
  door: 'fill-canvas stroke-faint',
  window: 'fill-accent-soft stroke-accent',
  block: 'fill-sunken stroke-line',
  label: 'fill-transparent',
};

/** English; translated where it is said. */
export const kindWord = (kind: Shape['kind']): string =>
  ({ wall: 'Wall', door: 'Door', window: 'Window', block: 'Block', label: 'Words' })[kind];

function ShapePicture({ shape, selected }: { shape: Shape; selected: boolean }) {
  const { x, y, width, height, kind, text } = shape;
  const upright = height > width * 2 && kind !== 'label';
  const [cx, cy] = [x + width / 2, y + height / 2];
  return (
    <>
      <Ring x={x} y={y} width={width} height={height} selected={selected} />
      <rect
        x={x}
        y={y}
        width={width}
        height={height}
        rx={kind === 'wall' ? 0.1 : 0.4}
        strokeWidth="0.14"
        strokeDasharray={kind === 'door' ? '0.6 0.4' : undefined}
        className={shapeFills[kind]}
      />
      {text != null && (
        <text
          x={cx}
          y={cy}
          textAnchor="middle"
          dominantBaseline="central"
          fontSize={kind === 'label' ? Math.min(1.8, height * 0.7) : 1.1}
          transform={upright ? `rotate(90 ${String(cx)} ${String(cy)})` : undefined}
          className="pointer-events-none fill-soft font-medium select-none"
        >
          {text}
        </text>
      )}
    </>
  );
}

function Grid({ width, height }: { width: number; height: number }) {
  const lines: ReactNode[] = [];
  for (let x = 4; x < width; x += 4) {
    lines.push(<line key={`x${String(x)}`} x1={x} x2={x} y1={0} y2={height} />);
  }
  for (let y = 4; y < height; y += 4) {
    lines.push(<line key={`y${String(y)}`} y1={y} y2={y} x1={0} x2={width} />);
  }
  return (
    <g aria-hidden className="pointer-events-none stroke-line" strokeWidth="0.06">
      {lines}
    </g>
  );
}
