/** Where tenants' databases can be. */
import { call } from '@gantry/client';
import { queryOptions } from '@tanstack/react-query';
import { api } from '@/api';
import { useT } from '@/i18n';

export const fleetQuery = queryOptions({
  queryKey: ['admin', 'fleet'],
  queryFn: () => call(api.GET('/api/v1/admin/fleet')),
});

/** Homes have names of the configuration; two of them have a meaning of their own. */
export function useHomeName(): (name: string) => string {
  const t = useT();
  return (name) => {
    if (name === 'sqlite') return t('Files beside control');
    if (name === 'default') return t('The server of control');
    return name;
  };
}
