/** What somebody must not miss: read, counted, and marked as read. */
import { call } from '@gantry/client';
import { queryOptions } from '@tanstack/react-query';
import { api, queries } from '@/api';
import { useList } from '@/layout/list';

const key = ['me', 'notices'];

/** How many were not read; the server counts to a hundred. */
export const unreadQuery = queryOptions({
  queryKey: [...key, 'unread'],
  queryFn: async () => {
    const query = { unread: true, page_size: 1 };
    return (await call(api.GET('/api/v1/me/notices', { params: { query } }))).unread;
  },
});

export function useNotices(onlyUnread: boolean) {
  return useList([...key, onlyUnread], (page_token) =>
    call(
      api.GET('/api/v1/me/notices', {
        params: {
          query: { page_size: 30, unread: onlyUnread, ...(page_token === undefined ? {} : { page_token }) },
        },
      }),
    ),
  );
}

/** Some, by their ids, or all that arrived until one. */
export async function markRead(which: { ids: string[] } | { up_to: string }): Promise<void> {
  await call(api.POST('/api/v1/me/notices/read', { body: which }));
  await queries.invalidateQueries({ queryKey: key });
}
