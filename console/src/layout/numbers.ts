/** Numbers with their units, as people read them. */
import { useFormat, useT } from '@/i18n';

export interface Numbers {
  /** A length in bytes. */
  bytes: (bytes: number) => string;
  /** A duration in milliseconds, short ones with a digit more. */
  milliseconds: (milliseconds: number) => string;
  /** A share from 0 to 1. */
  percent: (share: number) => string;
  /** A length of time in seconds, in its largest unit. */
  span: (seconds: number) => string;
}

export function useNumbers(): Numbers {
  const t = useT();
  const { number } = useFormat();
  const rounded = (value: number, digits: number) => number(Number(value.toFixed(digits)));
  return {
    bytes: (bytes) => {
      const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
      const at = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
      const value = bytes / 1024 ** at;
      return `${rounded(value, value < 10 && at > 0 ? 1 : 0)} ${units[at] ?? ''}`;
    },
    milliseconds: (value) =>
      value >= 10_000
        ? `${rounded(value / 1_000, 1)} s`
        : `${rounded(value, value < 1 ? 2 : value < 10 ? 1 : 0)} ms`,
    percent: (share) => `${rounded(share * 100, share < 0.1 ? 1 : 0)} %`,
    span: (seconds) => {
      if (seconds < 90) return t('{n} seconds', { n: number(Math.round(seconds)) });
      if (seconds < 5_400) return t('{n} minutes', { n: number(Math.round(seconds / 60)) });
      if (seconds < 172_800) return t('{n} hours', { n: number(Math.round(seconds / 3_600)) });
      return t('{n} days', { n: number(Math.round(seconds / 86_400)) });
    },
  };
}
