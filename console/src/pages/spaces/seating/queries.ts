/** What is asked about a branch's seats: each question declares by its key what it concerns. */
import { call } from '@gantry/client';
import { queryOptions } from '@tanstack/react-query';
import { api, queries } from '@/api';

const at = (tenant: string, branch: string) => ({ params: { path: { tenant, branch } } });

export const branchQuery = (tenant: string, branch: string) =>
  queryOptions({
    queryKey: ['branches', tenant, branch],
    queryFn: () => call(api.GET('/api/v1/tenants/{tenant}/spaces/branches/{branch}', at(tenant, branch))),
  });

export const zonesQuery = (tenant: string, branch: string) =>
  queryOptions({
    queryKey: ['zones', tenant, branch],
    queryFn: () =>
      call(api.GET('/api/v1/tenants/{tenant}/spaces/branches/{branch}/zones', at(tenant, branch))),
  });

export const seatsQuery = (tenant: string, branch: string) =>
  queryOptions({
    queryKey: ['seats', tenant, branch],
    queryFn: () =>
      call(api.GET('/api/v1/tenants/{tenant}/spaces/branches/{branch}/seats', at(tenant, branch))),
  });

export const mapQuery = (tenant: string, branch: string) =>
  queryOptions({
    queryKey: ['maps', tenant, branch],
    queryFn: () =>
      call(api.GET('/api/v1/tenants/{tenant}/spaces/branches/{branch}/seat-map', at(tenant, branch))),
  });

export const shiftsQuery = (tenant: string, branch: string) =>
  queryOptions({
    queryKey: ['shifts', tenant, branch],
    queryFn: () =>
      call(api.GET('/api/v1/tenants/{tenant}/spaces/branches/{branch}/shifts', at(tenant, branch))),
  });

const closures = (tenant: string, branch: string) =>
  call(api.GET('/api/v1/tenants/{tenant}/spaces/branches/{branch}/closures', at(tenant, branch)));

/** Days on which a branch or a zone is closed. */
export type Closed = Awaited<ReturnType<typeof closures>>['items'][number];

export const closuresQuery = (tenant: string, branch: string) =>
  queryOptions({ queryKey: ['closures', tenant, branch], queryFn: () => closures(tenant, branch) });

export const policyQuery = (tenant: string, branch: string) =>
  queryOptions({
    queryKey: ['policies', tenant, branch],
    queryFn: () =>
      call(api.GET('/api/v1/tenants/{tenant}/spaces/branches/{branch}/policy', at(tenant, branch))),
  });

/** After a change of one's own: what it concerns is read again. */
export const renewed = (tenant: string, ...topics: readonly string[]): Promise<unknown> =>
  Promise.all(topics.map((topic) => queries.invalidateQueries({ queryKey: [topic, tenant] })));

/** Who has which seat at this moment. Shifts begin and end without an event, so it is asked each minute. */
export const nowQuery = (tenant: string, branch: string) =>
  queryOptions({
    queryKey: ['occupancy', tenant, branch, 'now'],
    queryFn: () =>
      call(api.GET('/api/v1/tenants/{tenant}/spaces/branches/{branch}/seats/now', at(tenant, branch))),
    refetchInterval: 60_000,
  });

export const availabilityQuery = (
  tenant: string,
  branch: string,
  query: { from: string; until: string; shift?: string },
) =>
  queryOptions({
    queryKey: ['occupancy', tenant, branch, query],
    queryFn: () =>
      call(
        api.GET('/api/v1/tenants/{tenant}/spaces/branches/{branch}/availability', {
          params: { path: { tenant, branch }, query },
        }),
      ),
  });
