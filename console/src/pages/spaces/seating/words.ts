import type { Seat } from '@gantry/client';
import type { T } from '@/i18n';
import type { Seated } from './state';

export function lookWord({ look, off }: Seated, t: T): string {
  switch (look) {
    case 'free':
      return t('Free');
    case 'held':
      return t('Held');
    case 'taken':
      return t('Taken');
    case 'off':
      return off === 'closed' ? t('Closed') : t('Out of service');
  }
}

/** What a seat has, in words. */
export function featuresOf(seat: Seat, t: T): string[] {
  const sizes = { small: t('Small desk'), standard: null, large: t('Large desk') };
  return [
    sizes[seat.size],
    seat.ac && t('Air conditioning'),
    seat.power && t('Power socket'),
    seat.window_side && t('Window'),
    seat.locker && t('Locker'),
  ].filter((one) => typeof one === 'string');
}
