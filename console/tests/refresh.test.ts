import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { describe, expect, test } from 'vitest';
import { grouped, regional } from '@/i18n';
import { readAt } from '@/layout/refresh';

describe('how old a page is', () => {
  const read = (queries: QueryClient, key: string[], at: number) => {
    queries.setQueryData(key, key, { updatedAt: at });
  };

  test('as old as the oldest part of it that is shown', () => {
    const queries = new QueryClient();
    const at = () => readAt(queries.getQueryCache(), ['admin', 'tenants']);
    expect(at()).toBe(0);
    read(queries, ['admin', 'tenants', 'active'], 3_000);
    read(queries, ['admin', 'tenants', 'closed'], 1_000);
    read(queries, ['admin', 'people'], 500);
    // Nobody looks at any of it.
    expect(at()).toBe(0);
    const watch = (...key: string[]) =>
      new QueryObserver(queries, { queryKey: key, queryFn: () => key, staleTime: Infinity }).subscribe(
        () => undefined,
      );
    watch('admin', 'people');
    watch('admin', 'tenants', 'active');
    expect(at()).toBe(3_000);
    const leave = watch('admin', 'tenants', 'closed');
    expect(at()).toBe(1_000);
    leave();
    expect(at()).toBe(3_000);
  });
});

describe('what is written as its readers write it', () => {
  test('dates stand in the order of the region, if it is one of the language', () => {
    expect(regional('en', ['hi-IN', 'en-IN'])).toBe('en-IN');
    expect(regional('id', ['en-GB'])).toBe('id');
  });

  test('a phone is grouped where its grouping is known, and else stays', () => {
    expect(grouped('+919876543210')).toBe('+91 98765 43210');
    expect(grouped('+4915112345678')).toBe('+4915112345678');
    expect(grouped('+91987654321')).toBe('+91987654321');
  });
});
