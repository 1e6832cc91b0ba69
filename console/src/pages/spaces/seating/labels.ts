/** Labels of seats that are added together. */

/** Most seats that the API takes at once. */
export const MOST = 500;

/** `A-01` to `A-40`: as many digits as the last number has, so that they sort as they are counted. */
export function labels(prefix: string, first: number, last: number): string[] {
  if (!Number.isInteger(first) || !Number.isInteger(last) || first < 0 || last < first) return [];
  const digits = String(last).length;
  return Array.from(
    { length: Math.min(last - first + 1, MOST + 1) },
    (_, at) => `${prefix}${String(first + at).padStart(digits, '0')}`,
  );
}
